/**
 * What stores tell of their objects. {@link io.bucketfs.app.event.EventNotification} reads the text
 * of it, whichever way it came; {@link io.bucketfs.app.event.WebhookServer} is the way over HTTP. A
 * queue, such as SQS, is another one: its messages hold the same text, and what is read from them
 * goes to {@code Administration.takeEvents}, after which a message may be deleted.
 */
@NullMarked
package io.bucketfs.app.event;

import org.jspecify.annotations.NullMarked;
