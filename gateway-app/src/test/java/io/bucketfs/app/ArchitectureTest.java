package io.bucketfs.app;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** The arrows between the modules, and what each of them may know of the world outside. */
@AnalyzeClasses(
    packages = "io.bucketfs",
    importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.NoTestJars.class})
final class ArchitectureTest {
  private static final String CORE = "io.bucketfs.core..";
  private static final String NFS = "io.bucketfs.nfs..";
  private static final String CACHE = "io.bucketfs.cache..";
  private static final String S3 = "io.bucketfs.s3..";
  private static final String APP = "io.bucketfs.app..";

  private static final DescribedPredicate<JavaClass> NETTY_BEYOND_BUFFERS =
      resideInAPackage("io.netty..")
          .and(DescribedPredicate.not(resideInAnyPackage("io.netty.buffer..", "io.netty.util..")))
          .as("Netty beyond its buffers");

  private static final DescribedPredicate<JavaClass> SOCKETS =
      DescribedPredicate.or(
              NETTY_BEYOND_BUFFERS,
              resideInAPackage("java.net.http.."),
              JavaClass.Predicates.belongToAnyOf(
                  Socket.class,
                  ServerSocket.class,
                  DatagramSocket.class,
                  SocketChannel.class,
                  ServerSocketChannel.class,
                  DatagramChannel.class,
                  AsynchronousSocketChannel.class,
                  AsynchronousServerSocketChannel.class))
          .as("sockets");

  private static final DescribedPredicate<JavaClass> ROCKSDB =
      resideInAPackage("org.rocksdb..").as("RocksDB");

  private static final DescribedPredicate<JavaClass> AWS =
      resideInAPackage("software.amazon..").as("the AWS SDK");

  @ArchTest
  static final ArchRule modulesPointAtTheCoreAndOnlyTheAppSeesAll =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("gateway-core")
          .definedBy(CORE)
          .layer("nfs-frontend")
          .definedBy(NFS)
          .layer("cache-tier")
          .definedBy(CACHE)
          .layer("s3-backend")
          .definedBy(S3)
          .layer("gateway-app")
          .definedBy(APP)
          .whereLayer("gateway-core")
          .mayNotAccessAnyLayer()
          .whereLayer("nfs-frontend")
          .mayOnlyAccessLayers("gateway-core")
          .whereLayer("cache-tier")
          .mayOnlyAccessLayers("gateway-core")
          .whereLayer("s3-backend")
          .mayOnlyAccessLayers("gateway-core")
          .whereLayer("gateway-app")
          .mayNotBeAccessedByAnyLayer()
          .ensureAllClassesAreContainedInArchitecture();

  @ArchTest
  static final ArchRule modulesFormNoCycle =
      slices().matching("io.bucketfs.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule coreKnowsNoSockets =
      noClasses().that().resideInAPackage(CORE).should().dependOnClassesThat(SOCKETS);

  @ArchTest
  static final ArchRule onlyTheCacheTierKnowsRocksDb =
      noClasses()
          .that()
          .resideInAnyPackage(CORE, NFS, S3, APP)
          .should()
          .dependOnClassesThat(ROCKSDB);

  @ArchTest
  static final ArchRule onlyTheS3BackendKnowsAws =
      noClasses()
          .that()
          .resideInAnyPackage(CORE, NFS, CACHE, APP)
          .should()
          .dependOnClassesThat(AWS);

  @ArchTest
  static final ArchRule onlyTheS3BackendKnowsS3Proxy =
      noClasses()
          .that()
          .resideOutsideOfPackage(S3)
          .should()
          .dependOnClassesThat(resideInAPackage("org.gaul.."));

  /** Leaves out the fakes that gateway-core's test jar brings. */
  static final class NoTestJars implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("-tests.jar");
    }
  }
}
