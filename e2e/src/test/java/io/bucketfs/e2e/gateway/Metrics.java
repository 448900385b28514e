package io.bucketfs.e2e.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;

/** The gateway's figures at one moment, as Prometheus would read them. */
public record Metrics(List<String> lines) {
  public Metrics {
    lines = List.copyOf(lines);
  }

  static Metrics read(URI address) {
    try (var client = HttpClient.newHttpClient()) {
      var reply =
          client.send(
              HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
      if (reply.statusCode() != 200) {
        throw new AssertionError(address + " answers " + reply.statusCode() + ": " + reply.body());
      }
      return new Metrics(reply.body().lines().toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  /** The sum of all series of that name, which must exist, whose labels contain the given text. */
  public double sum(String name, String label) {
    var series =
        lines.stream()
            .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
            .toList();
    if (series.isEmpty()) {
      throw new AssertionError("the gateway has no figure " + name);
    }
    return series.stream()
        .filter(line -> line.contains(label))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
