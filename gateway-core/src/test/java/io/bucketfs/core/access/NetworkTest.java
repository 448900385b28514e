package io.bucketfs.core.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NetworkTest {
  private static ClientAddress address(String literal) {
    return ClientAddress.of(InetAddress.ofLiteral(literal));
  }

  @ParameterizedTest
  @CsvSource({
    "any, 10.1.2.3, fd00::1, ''",
    "0.0.0.0/0, 255.255.255.255, 0.0.0.0, ::1",
    "::/0, ::1, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 127.0.0.1",
    "10.0.0.0/8, 10.0.0.0, 10.255.255.255, 11.0.0.0",
    "10.0.0.0/8, 10.0.0.0, 10.255.255.255, 9.255.255.255",
    "192.168.1.128/25, 192.168.1.128, 192.168.1.255, 192.168.1.127",
    "192.168.1.7, 192.168.1.7, 192.168.1.7, 192.168.1.6",
    "fd00::/8, fd00::, fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, fe00::",
    "2001:db8::/63, 2001:db8::, 2001:db8:0:1:ffff:ffff:ffff:ffff, 2001:db8:0:2::",
    "2001:db8::/65, 2001:db8::, 2001:db8::7fff:ffff:ffff:ffff, 2001:db8::8000:0:0:0",
    "2001:db8::1, 2001:db8::1, 2001:db8::1, 2001:db8::2",
    "::ffff:0:0:0/96, ::ffff:0:1:2, ::ffff:0:ffff:ffff, 0.1.0.2",
  })
  void holdsFromItsFirstToItsLastAddress(String text, String first, String last, String beyond) {
    var network = Network.parse(text);
    assertThat(network.contains(address(first))).isTrue();
    assertThat(network.contains(address(last))).isTrue();
    if (!beyond.isEmpty()) {
      assertThat(network.contains(address(beyond))).isFalse();
    }
    assertThat(Network.parse(network.toString())).isEqualTo(network);
  }

  @Test
  void takesAMappedAddressForTheIpv4AddressThatItIs() {
    assertThat(Network.parse("10.0.0.0/8").contains(address("::ffff:10.1.2.3"))).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1/8, '''10.0.0.1/8'' has bits beyond its prefix: write 10.0.0.0/8'",
    "fd00::1/64, '''fd00::1/64'' has bits beyond its prefix: write fd00:0:0:0:0:0:0:0/64'",
    "::ffff:10.0.0.0, '''::ffff:10.0.0.0'' is an IPv4 address: write it as one'",
    "10.0.0.0/33, '''10.0.0.0/33'' is no network: write any'",
    "fd00::/129, '''fd00::/129'' is no network: write any'",
    "10.0.0.0/, '''10.0.0.0/'' is no network'",
    "10.0.0.0/-1, '''10.0.0.0/-1'' is no network'",
    "10.0.0, '''10.0.0'' is no network'",
    "10.0.0.256, '''10.0.0.256'' is no network'",
    "localhost, '''localhost'' is no network'",
    "'', ''''' is no network'",
    "fe80::1%eth0, '''fe80::1%eth0'' is no network'",
  })
  void saysWhatToWrite(String text, String complaint) {
    assertThatThrownBy(() -> Network.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(complaint);
  }
}
