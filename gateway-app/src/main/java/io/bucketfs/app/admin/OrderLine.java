package io.bucketfs.app.admin;

import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency.Outcome;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A line of the reply to an order that takes long. One of the first three is there.
 *
 * @param progress how far it is
 * @param outcome what came of it; the last line
 * @param errors why nothing came of it; the last line
 * @param status what HTTP would have called that
 */
public record OrderLine(
    Progress.@Nullable State progress,
    @Nullable Outcome outcome,
    @Nullable List<String> errors,
    int status) {}
