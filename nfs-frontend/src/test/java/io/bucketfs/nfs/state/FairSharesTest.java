package io.bucketfs.nfs.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.access.ClientAddress;
import org.junit.jupiter.api.Test;

/** Who may take how much of what there is only so much of. */
final class FairSharesTest {
  private final FairShares shares = new FairShares(600);

  private static ClientAddress address(int number) {
    return new ClientAddress(true, 0, number);
  }

  private int takeAll(ClientAddress holder) {
    var taken = 0;
    while (shares.take(holder, 1)) {
      taken++;
    }
    return taken;
  }

  @Test
  void oneAloneHasHalf() {
    assertThat(shares.take(address(1), 301)).isFalse();
    assertThat(shares.take(address(1), 300)).isTrue();
    assertThat(shares.take(address(1), 1)).isFalse();
    assertThat(shares.heldBy(address(1))).isEqualTo(300);
  }

  @Test
  void whoComesLaterFindsSomethingAsOftenAsNotAndNobodyHasAll() {
    assertThat(takeAll(address(1))).isEqualTo(300);
    assertThat(takeAll(address(2))).isEqualTo(150);
    assertThat(takeAll(address(3))).isEqualTo(75);
    assertThat(shares.left()).isEqualTo(75);
    shares.give(address(1), 100); // and cannot take it again
    assertThat(takeAll(address(1))).isZero();
    assertThat(takeAll(address(4))).isPositive();
  }

  @Test
  void asManyPiecesAreGrantedAsAreFair() {
    assertThat(shares.takeUpTo(address(1), 100, 7)).isEqualTo(42);
    assertThat(shares.takeUpTo(address(2), 3, 7)).isEqualTo(3);
    assertThat(shares.taken()).isEqualTo(45 * 7);
  }

  @Test
  void whatCannotBeRefusedCounts() {
    shares.add(address(1), 500);
    assertThat(shares.take(address(1), 1)).isFalse();
    assertThat(shares.take(address(2), 50)).isTrue();
    assertThat(shares.take(address(2), 1)).isFalse();
    shares.give(address(1), 500);
    shares.give(address(2), 50);
    assertThat(shares.taken()).isZero();
    assertThat(shares.heldBy(address(1))).isZero();
  }

  @Test
  void itIsTightForWhoHasMostOfHisShareAndForAllWhereLittleIsLeft() {
    shares.add(address(1), 250);
    assertThat(shares.isTight(address(1))).isFalse();
    shares.add(address(1), 40);
    assertThat(shares.isTight(address(1))).isTrue();
    assertThat(shares.isTight(address(2))).isFalse();
    shares.add(address(2), 240);
    assertThat(shares.isTight(address(3))).isTrue();
  }
}
