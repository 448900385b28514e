package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Permissions;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.attr.AttributeReader;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicReference;

/** OPEN (RFC 8881, 18.16). */
record Open(OpenArguments arguments) implements Operation {
  private static final int ACCESS_BITS = 0x3;
  private static final int WANT_BITS = 0xff00;
  private static final int WANT_NO_DELEGATION = 0x0400;
  private static final int WANT_CANCEL = 0x0500;

  /** Signals about delegations (RFC 8881), and what RFC 9754 adds. */
  private static final int SIGNAL_BITS = 0x0033_0000;

  private static final int RESULT_LOCKTYPE_POSIX = 0x4;

  /** A file lives on after its last name is gone, until it is closed. */
  private static final int RESULT_PRESERVE_UNLINKED = 0x8;

  /** A client that waits for a lock is called when it may try again. */
  private static final int RESULT_MAY_NOTIFY_LOCK = 0x20;

  private static final int DELEGATE_NONE = 0;
  private static final int DELEGATE_NONE_EXT = 3;
  private static final int WHY_NOT_WANTED = 0;
  private static final int WHY_RESOURCE = 2;
  private static final int WHY_CANCELLED = 7;

  /** A name can be made and removed by others between a look and a creation, but not for ever. */
  private static final int ATTEMPTS_MAX = 8;

  static Open read(ByteBuf in) {
    return new Open(OpenArguments.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  /** A file that may be opened, and what came of its creation. */
  private record Target(Attributes file, ChangeInfo directory, AttributeMask attrSet) {}

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    requireValidShare();
    switch (arguments.claim()) {
      case OpenArguments.Claim.Null(var name) -> {
        c.services().grace().requireNew(c.client());
        byName(c, name);
      }
      case OpenArguments.Claim.FileHandle() -> {
        c.services().grace().requireNew(c.client());
        byHandle(c);
      }
      case OpenArguments.Claim.Previous() -> {
        c.services().grace().requireReclaim(c.client());
        byHandle(c);
      }
      case OpenArguments.Claim.Delegated() -> throw new NfsException(NfsStatus.BAD_STATEID);
      case OpenArguments.Claim.DelegatedBefore() -> throw new NfsException(NfsStatus.NOTSUPP);
    }
    return NfsStatus.OK;
  }

  /** Opens a file that may be opened. Also called while the file is being made, before anybody. */
  private void open(Compound c, Target target) throws NfsException {
    var granted = c.grant();
    var ledger =
        c.ledger(id -> {
          c.enter(granted, target.file);
          c.setCurrentStateId(id);
          writeResult(c.out(), id, target);
        });
    c.services()
        .openFiles()
        .open(
            c.client(),
            arguments.owner(),
            target.file.id(),
            access(),
            arguments.shareDeny(),
            ledger);
  }

  private int access() {
    return arguments.shareAccess() & ACCESS_BITS;
  }

  private void requireValidShare() throws NfsException {
    var beyond = arguments.shareAccess() & ~(ACCESS_BITS | WANT_BITS | SIGNAL_BITS);
    var want = arguments.shareAccess() & WANT_BITS;
    if (access() == 0
        || beyond != 0
        || want > WANT_CANCEL
        || (arguments.shareDeny() & ~Share.BOTH) != 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
  }

  private void writeResult(ByteBuf out, StateId id, Target target) {
    id.write(out);
    ChangeInfos.write(out, target.directory);
    out.writeInt(RESULT_LOCKTYPE_POSIX | RESULT_PRESERVE_UNLINKED | RESULT_MAY_NOTIFY_LOCK);
    target.attrSet.write(out);
    switch (arguments.shareAccess() & WANT_BITS) {
      case 0 -> out.writeInt(DELEGATE_NONE);
      case WANT_NO_DELEGATION -> out.writeInt(DELEGATE_NONE_EXT).writeInt(WHY_NOT_WANTED);
      case WANT_CANCEL -> out.writeInt(DELEGATE_NONE_EXT).writeInt(WHY_CANCELLED);
      default -> {
        out.writeInt(DELEGATE_NONE_EXT).writeInt(WHY_RESOURCE);
        Xdr.writeBoolean(out, false);
      }
    }
  }

  private void byHandle(Compound c) throws NfsException, FileSystemException {
    if (!(arguments.how() instanceof OpenArguments.How.NoCreate)) {
      throw new NfsException(NfsStatus.INVAL);
    }
    var file = c.attributes(c.currentFile(NfsStatus.ISDIR));
    requireOpenable(c, file, true);
    open(c, new Target(file, ChangeInfo.NONE, AttributeMask.NONE));
  }

  private void byName(Compound c, ByteBuf name) throws NfsException, FileSystemException {
    if (c.current() instanceof Handle.PseudoRoot) {
      var exports = c.services().exports();
      var exists = exports.byName(Names.component(name), c.peer().clientAddress()) != null;
      throw new NfsException(exists ? NfsStatus.ISDIR : NfsStatus.ROFS);
    }
    var directory = c.currentFile();
    Lookup.requireDirectory(c, directory);
    var child = Names.component(name);
    switch (arguments.how()) {
      case OpenArguments.How.NoCreate() -> {
        var file = c.fileSystem().lookup(c.caller(directory), directory, child, c.patience());
        open(c, existing(c, directory, file));
      }
      case OpenArguments.How.Unchecked(var raw) ->
          createOrOpen(c, directory, child, AttributeReader.read(raw, c.minorVersion()));
      case OpenArguments.How.Guarded(var raw) ->
          create(
              c,
              directory,
              child,
              new CreateMode.Guarded(),
              AttributeReader.read(raw, c.minorVersion()));
      case OpenArguments.How.Exclusive4(var verifier) ->
          create(
              c,
              directory,
              child,
              new CreateMode.Exclusive(verifier),
              AttributeReader.Wanted.NOTHING);
      case OpenArguments.How.Exclusive41(var verifier, var raw) ->
          create(
              c,
              directory,
              child,
              new CreateMode.Exclusive(verifier),
              AttributeReader.read(raw, c.minorVersion()));
    }
  }

  private void create(
      Compound c, FileId directory, String child, CreateMode mode, AttributeReader.Wanted wanted)
      throws NfsException, FileSystemException {
    c.once(
        directory,
        FileSystem.Created.class,
        caller ->
            c.fileSystem().create(caller, directory, child, mode, wanted.values(), c.patience()),
        // Whoever makes a file may open it as he likes, whatever its mode.
        created -> open(c, new Target(created.attributes(), created.directory(), wanted.mask())));
  }

  /**
   * UNCHECKED. An existing file is looked at first, since its share reservations and permissions
   * must hold before it is truncated.
   */
  private void createOrOpen(
      Compound c, FileId directory, String child, AttributeReader.Wanted wanted)
      throws NfsException, FileSystemException {
    for (var attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      try {
        var file = c.fileSystem().lookup(c.caller(directory), directory, child, c.patience());
        var target = existing(c, directory, file);
        var size = wanted.values().sizeBytes();
        if (size != null && size == 0) {
          openTruncated(c, target);
        } else {
          open(c, target);
        }
        return;
      } catch (FileSystemException e) {
        if (e.error() != FsError.NOT_FOUND) {
          throw e;
        }
      }
      try {
        create(c, directory, child, new CreateMode.Guarded(), wanted);
        return;
      } catch (FileSystemException e) {
        if (e.error() != FsError.EXISTS) {
          throw e;
        }
      }
    }
    throw new NfsException(NfsStatus.DELAY);
  }

  private Target existing(Compound c, FileId directory, Attributes file)
      throws NfsException, FileSystemException {
    requireOpenable(c, file, false);
    var change = c.attributes(directory).change();
    return new Target(file, new ChangeInfo(change, change), AttributeMask.NONE);
  }

  private void openTruncated(Compound c, Target target) throws NfsException, FileSystemException {
    var file = target.file.id();
    var access = access() | Share.WRITE;
    c.services()
        .openFiles()
        .requireNoConflict(
            c.client(), arguments.owner(), file, access, arguments.shareDeny(), c.ledger());
    var throughOpen = (access() & Share.WRITE) != 0;
    var after = new AtomicReference<Attributes>();
    c.once(
        file,
        ChangeInfo.class,
        caller -> {
          var cut = SetAttributes.ofSize(0);
          after.set(c.fileSystem().setAttributes(caller, file, cut, throughOpen, c.patience()));
          return ChangeInfo.NONE;
        },
        _ -> open(c, new Target(target.file, target.directory, AttributeMask.of(Attribute.SIZE))));
    c.know(after.get());
  }

  /**
   * Checks type and permission.
   *
   * @param ownerMay whether the owner may open it against its mode: he opened it before
   */
  private void requireOpenable(Compound c, Attributes file, boolean ownerMay) throws NfsException {
    IoAccess.requireFile(file);
    var writes = (access() & Share.WRITE) != 0;
    if (writes && c.grant().readOnly()) {
      throw new NfsException(NfsStatus.ROFS);
    }
    var caller = c.caller(file.id());
    if (ownerMay && caller.uid() == file.uid()) {
      return;
    }
    var permissions = Permissions.of(caller, file);
    // A program that may be run is read by the client's kernel.
    var mayRead = (permissions & (Permissions.READ | Permissions.EXECUTE)) != 0;
    var mayWrite = (permissions & Permissions.WRITE) != 0;
    if (((access() & Share.READ) != 0 && !mayRead) || (writes && !mayWrite)) {
      throw new NfsException(NfsStatus.ACCESS);
    }
  }
}
