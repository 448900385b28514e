package io.bucketfs.nfs.op;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.nfs.NfsLimits;
import io.bucketfs.nfs.attr.AttributeWriter;
import io.bucketfs.nfs.export.ExportTable;
import io.bucketfs.nfs.export.HandleCodec;
import io.bucketfs.nfs.recovery.ClientRecords;
import io.bucketfs.nfs.recovery.Grace;
import io.bucketfs.nfs.state.Clients;
import io.bucketfs.nfs.state.Journal;
import io.bucketfs.nfs.state.OpenFiles;

/**
 * Everything operations work with, shared by all connections.
 *
 * @param readOnlyFileSystem the same file system for those who may only read
 * @param serverOwner how clients know this server, the same for ever
 * @param startedNanos wall clock at the start, nanoseconds since the epoch
 */
public record Services(
    FileSystem fileSystem,
    Execution execution,
    NfsLimits limits,
    Clients clients,
    OpenFiles openFiles,
    Grace grace,
    ClientRecords records,
    Journal journal,
    HandleCodec handles,
    ExportTable exports,
    AttributeWriter attributes,
    FileSystem readOnlyFileSystem,
    Meters.Counter readBytes,
    Meters.Counter writtenBytes,
    byte[] serverOwner,
    long startedNanos) {}
