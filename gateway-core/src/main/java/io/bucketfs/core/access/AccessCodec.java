package io.bucketfs.core.access;

import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RecordWriter;
import java.util.ArrayList;
import java.util.List;

/** The stored form of {@link Access}, a part of a mount's record. */
public final class AccessCodec {
  private AccessCodec() {}

  /** Appends it to a record. */
  public static void write(RecordWriter out, Access access) {
    out.i32(access.lastNumber());
    writeRules(out, access.clients());
    out.i32(access.subExports().size());
    for (var sub : access.subExports()) {
      var forced = sub.forced();
      out.i32(sub.number()).text(sub.name()).text(sub.path()).bool(sub.readOnly());
      out.bool(forced != null);
      if (forced != null) {
        out.i32(forced.uid()).i32(forced.gid());
      }
      writeRules(out, sub.clients());
    }
  }

  private static void writeRules(RecordWriter out, List<ClientRule> rules) {
    out.i32(rules.size());
    for (var rule : rules) {
      var squash = rule.squash();
      out.text(rule.network().toString()).bool(rule.readOnly());
      out.u8(code(squash.kind())).i32(squash.anonymousUid()).i32(squash.anonymousGid());
    }
  }

  private static int code(Squash.Kind kind) {
    return switch (kind) {
      case NONE -> 0;
      case ROOT -> 1;
      case ALL -> 2;
    };
  }

  /** Reads what {@link #write} wrote. */
  public static Access read(RecordReader in) {
    var last = in.i32();
    var clients = readRules(in);
    var subs = new ArrayList<SubExport>();
    for (var left = in.i32(); left > 0; left--) {
      var number = in.i32();
      var name = in.text();
      var path = in.text();
      var readOnly = in.bool();
      var forced = in.bool() ? new SubExport.Ids(in.i32(), in.i32()) : null;
      subs.add(new SubExport(number, name, path, readOnly, forced, readRules(in)));
    }
    return new Access(clients, subs, last);
  }

  private static List<ClientRule> readRules(RecordReader in) {
    var rules = new ArrayList<ClientRule>();
    for (var left = in.i32(); left > 0; left--) {
      var network = Network.parse(in.text());
      var readOnly = in.bool();
      var squash = new Squash(kind(in.u8()), in.i32(), in.i32());
      rules.add(new ClientRule(network, readOnly, squash));
    }
    return rules;
  }

  private static Squash.Kind kind(int code) {
    return switch (code) {
      case 0 -> Squash.Kind.NONE;
      case 1 -> Squash.Kind.ROOT;
      case 2 -> Squash.Kind.ALL;
      default -> throw new IllegalArgumentException("unknown squash " + code);
    };
  }
}
