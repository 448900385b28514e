package io.bucketfs.core.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RecordWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public final class AccessTest {
  private static final List<ClientRule> EVERYBODY = List.of(ClientRule.EVERYBODY);

  private static SubExport sub(String name, String path) {
    return new SubExport(0, name, path, false, null, List.of());
  }

  private static Access with(SubExport... subs) {
    return new Access(EVERYBODY, List.of(subs), 0);
  }

  /** Rules of all kinds, for other tests of stored forms too. */
  public static Access random(SplittableRandom random) {
    var rules = new ArrayList<ClientRule>();
    for (var left = random.nextInt(1, 4); left > 0; left--) {
      rules.add(rule(random));
    }
    var subs = new ArrayList<SubExport>();
    for (var number = random.nextInt(3); number > 0; number--) {
      var forced = random.nextBoolean() ? new SubExport.Ids(random.nextInt(), 7) : null;
      var own = random.nextBoolean() ? List.of(rule(random)) : List.<ClientRule>of();
      subs.add(new SubExport(number, "s" + number, "a/b", random.nextBoolean(), forced, own));
    }
    return new Access(rules, subs, random.nextInt(3, 9));
  }

  private static ClientRule rule(SplittableRandom random) {
    var networks = List.of("any", "10.0.0.0/8", "fd00::/8", "192.0.2.1");
    var kinds = Squash.Kind.values();
    return new ClientRule(
        Network.parse(networks.get(random.nextInt(networks.size()))),
        random.nextBoolean(),
        new Squash(kinds[random.nextInt(kinds.length)], random.nextInt(), random.nextInt()));
  }

  @Test
  void isReadAsItWasWritten() {
    for (var seed = 0; seed < 200; seed++) {
      var access = random(new SplittableRandom(seed));
      var out = new RecordWriter(64);
      AccessCodec.write(out, access);
      assertThat(AccessCodec.read(new RecordReader(out.toBytes())))
          .as("seed %d", seed)
          .isEqualTo(access);
    }
  }

  @Test
  void aNumberIsKeptWithItsDirectoryAndNeverGivenAgain() {
    var first = with(sub("a", "x"), sub("b", "y")).after(Access.OPEN);
    assertThat(first.subExports()).extracting(SubExport::number).containsExactly(1, 2);
    var second = with(sub("b", "y"), sub("a", "other")).after(first);
    assertThat(second.subExports()).extracting(SubExport::number).containsExactly(2, 3);
    var third = with(sub("c", "z")).after(with().after(second));
    assertThat(third.subExports()).extracting(SubExport::number).containsExactly(4);
  }

  @Test
  void numbersDoNotCountWhereRulesAreCompared() {
    var access = with(sub("a", "x"));
    assertThat(access.after(Access.OPEN).isLike(access)).isTrue();
    assertThat(with(sub("a", "y")).isLike(access)).isFalse();
  }

  @Test
  void limitsAreSaid() {
    var full = Collections.nCopies(Access.RULES_MAX, ClientRule.EVERYBODY);
    assertThat(new Access(full, List.of(), 0).problem()).isNull();
    var more = Collections.nCopies(Access.RULES_MAX + 1, ClientRule.EVERYBODY);
    assertThat(new Access(more, List.of(), 0).problem()).contains("at most 100 rules");
    assertThat(new Access(List.of(), List.of(), 0).problem()).contains("'any'");
    assertThat(with(sub("a", "x"), sub("a", "y")).problem()).contains("two sub-exports");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "a//b", "../a", "a/..", ".", "/a", "a/", "a\0b"})
  void aPathStaysInsideTheMount(String path) {
    assertThat(with(sub("a", path)).problem()).contains("must lead to a directory inside");
    assertThat(with(sub("a", "x/y")).problem()).isNull();
  }

  @Test
  void rootIsSquashedWhereverItStands() {
    var root = new Squash(Squash.Kind.ROOT, 65_534, 65_533);
    var squashed = root.apply(0, 0, 0, 5, 0);
    assertThat(squashed.uid()).isEqualTo(65_534);
    assertThat(squashed.gid()).isEqualTo(65_533);
    assertThat(squashed.groups()).containsExactly(65_533, 5, 65_533);
    var user = root.apply(7, 8, 5);
    assertThat(user.uid()).isEqualTo(7);
    assertThat(user.groups()).containsExactly(5);
    var all = new Squash(Squash.Kind.ALL, 9, 10).apply(7, 8, 5);
    assertThat(all.uid()).isEqualTo(9);
    assertThat(all.groups()).isEmpty();
    assertThat(Squash.NONE.apply(0, 0, 0).uid()).isZero();
  }
}
