package io.bucketfs.app.admin;

import io.bucketfs.core.admin.Administration.DirtyEntry;
import java.util.List;

/** What a flush covered, and what of it cannot be exported. */
public record FlushView(long files, List<DirtyEntry> failing) {}
