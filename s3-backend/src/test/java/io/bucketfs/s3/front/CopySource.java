package io.bucketfs.s3.front;

import io.bucketfs.core.object.ObjectVersion;
import java.util.Objects;

/** What a copy names as its source. */
record CopySource(String key, ObjectVersion version) {
  static CopySource of(FrontRequest request) {
    var source = Objects.requireNonNull(request.header("x-amz-copy-source"));
    var mark = source.indexOf("?versionId=");
    var path = FrontRequest.decode(mark < 0 ? source : source.substring(0, mark));
    var id = mark < 0 ? null : source.substring(mark + "?versionId=".length());
    var etag = Objects.requireNonNull(request.header("x-amz-copy-source-if-match"));
    return new CopySource(path.substring(path.indexOf('/', 1) + 1), FrontRequest.version(etag, id));
  }
}
