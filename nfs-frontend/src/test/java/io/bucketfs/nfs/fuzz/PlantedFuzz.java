package io.bucketfs.nfs.fuzz;

/** Is wrong for one input in 2^40, which only a search that is led by coverage finds in time. */
public final class PlantedFuzz {
  private PlantedFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length > 4 && input[0] == 'w') {
      if (input[1] == 'r' && input[2] == 'o') {
        if (input[3] == 'n') {
          if (input[4] == 'g') {
            throw new IllegalStateException("the planted mistake");
          }
        }
      }
    }
  }
}
