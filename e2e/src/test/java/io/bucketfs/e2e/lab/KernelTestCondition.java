package io.bucketfs.e2e.lab;

import static org.junit.jupiter.api.extension.ConditionEvaluationResult.disabled;
import static org.junit.jupiter.api.extension.ConditionEvaluationResult.enabled;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Looks once whether this machine can boot guests. */
final class KernelTestCondition implements ExecutionCondition {
  /** Programs of the host, and of the guests, which see the same file system. */
  private static final Map<String, String> PACKAGES = packages();

  private static final String MISSING = missing();

  private static Map<String, String> packages() {
    var packages = new LinkedHashMap<String, String>();
    packages.put("linux.uml", "user-mode-linux");
    packages.put("mount.nfs4", "nfs-common");
    packages.put("ip", "iproute2");
    packages.put("modprobe", "kmod");
    packages.put("git", "git");
    packages.put("fio", "fio");
    packages.put("sqlite3", "sqlite3");
    packages.put("python3", "python3");
    return packages;
  }

  private static String missing() {
    var names = new StringBuilder();
    PACKAGES.forEach((program, debianPackage) -> {
      if (!isInstalled(program)) {
        names.append(' ').append(debianPackage);
      }
    });
    if (!names.isEmpty()) {
      return "missing packages:" + names;
    }
    if (System.getenv("BUCKETFS_LAB_NAMESPACE") == null) {
      return "not in a network namespace of their own: run ./mvnw verify as root";
    }
    if (!Files.isReadable(Path.of("/dev/net/tun"))) {
      return "no /dev/net/tun";
    }
    return "";
  }

  private static boolean isInstalled(String program) {
    for (var folder : new String[] {"/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (MISSING.isEmpty()) {
      return enabled("guests can be booted");
    }
    var sentence = "Kernel tests cannot run here, " + MISSING;
    if ("1".equals(System.getenv("BUCKETFS_REQUIRE_KERNEL_TESTS"))) {
      throw new ExtensionConfigurationException(sentence);
    }
    if (context.getTestMethod().isEmpty()) {
      System.out.println(context.getDisplayName() + " skipped: " + sentence);
    }
    return disabled(sentence);
  }
}
