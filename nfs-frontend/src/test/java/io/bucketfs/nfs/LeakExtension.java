package io.bucketfs.nfs;

import io.netty.util.LeakPresenceDetector;
import io.netty.util.ResourceLeakDetector;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails every test class of this module that leaves a buffer unreleased. Found by the service
 * loader, so that no class can forget it. The detector counts each buffer that is made; nothing
 * depends on sampling or on the garbage collector.
 */
public final class LeakExtension implements BeforeAllCallback, AfterAllCallback {
  @Override
  public void beforeAll(ExtensionContext context) {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    // A nested class shares what its outer class holds.
    if (context.getTestClass().filter(type -> type.getEnclosingClass() == null).isPresent()) {
      LeakPresenceDetector.check();
    }
  }
}
