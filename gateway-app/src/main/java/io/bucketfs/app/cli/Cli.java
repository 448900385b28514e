package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.config.InvalidInputException;
import io.bucketfs.app.config.Problems;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Reads a command line, tells everything that is wrong with it at once, and runs the command. */
public final class Cli {
  private static final int WIDTH = 100;

  private final CliContext context;

  Cli(CliContext context) {
    this.context = context;
  }

  /** Runs a command and returns the exit code of the process. */
  int run(String... arguments) {
    try {
      return commandLine().execute(arguments);
    } finally {
      context.out().flush();
      context.err().flush();
    }
  }

  /** All commands. */
  CommandLine commandLine() {
    var mount =
        new CommandLine(new MountCommand())
            .addSubcommand("create", new MountCreateCommand(context))
            .addSubcommand("list", new MountListCommand(context))
            .addSubcommand("show", new MountShowCommand(context))
            .addSubcommand("set", new MountSetCommand(context))
            .addSubcommand("probe", new MountProbeCommand(context))
            .addSubcommand("delete", new MountDeleteCommand(context));
    var clients =
        new CommandLine(new ClientsCommand(context))
            .addSubcommand("revoke", new ClientsRevokeCommand(context));
    var root =
        new CommandLine(new RootCommand(context))
            .addSubcommand("demo", new DemoCommand(context))
            .addSubcommand("serve", new ServeCommand(context))
            .addSubcommand("mount", mount)
            .addSubcommand("flush", new FlushCommand(context))
            .addSubcommand("refresh", new RefreshCommand(context))
            .addSubcommand("jobs", new JobsCommand(context))
            .addSubcommand("warm", new WarmCommand(context))
            .addSubcommand("evict", new EvictCommand(context))
            .addSubcommand("pin", new PinCommand(context))
            .addSubcommand("unpin", new UnpinCommand(context))
            .addSubcommand("import", new ImportCommand(context))
            .addSubcommand("status", new StatusCommand(context))
            .addSubcommand("cache", new CacheCommand(context))
            .addSubcommand("clients", clients)
            .addSubcommand("report", new ReportCommand(context))
            .addSubcommand("check", new CheckCommand(context))
            .addSubcommand("rebuild", new RebuildCommand(context))
            .addSubcommand("version", new VersionCommand(context));
    prepare(root);
    return root.setOut(context.out())
        .setErr(context.err())
        .setUsageHelpWidth(WIDTH)
        .setExecutionStrategy(this::execute);
  }

  /** What all commands have in common: help, exit codes, and mistakes that are collected. */
  private static void prepare(CommandLine command) {
    var spec = command.getCommandSpec();
    spec.parser().collectErrors(true);
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help.").build());
    Map<String, String> codes = new LinkedHashMap<>();
    codes.put(String.valueOf(ExitCode.OK), "done");
    codes.put(String.valueOf(ExitCode.FAILED), "the gateway or S3 refused or failed; it says why");
    codes.put(String.valueOf(ExitCode.INVALID), "the input is wrong; every mistake is named");
    codes.put(String.valueOf(ExitCode.NOT_RUNNING), "no gateway runs on the state directory");
    spec.usageMessage()
        .exitCodeListHeading("%nExit codes:%n")
        .exitCodeList(codes)
        .optionListHeading("%nOptions:%n")
        .commandListHeading("%nCommands:%n")
        .sortOptions(false);
    command.getSubcommands().values().forEach(Cli::prepare);
  }

  private int execute(ParseResult parsed) {
    var help = CommandLine.executeHelpRequest(parsed);
    if (help != null) {
      return help;
    }
    var problems = new Problems();
    var last = parsed;
    while (true) {
      last.errors().forEach(e -> problems.add(sentence(String.valueOf(e.getMessage()))));
      if (!last.hasSubcommand()) {
        break;
      }
      last = last.subcommand();
    }
    var command = last.commandSpec();
    if (!(command.userObject() instanceof Command order)) {
      throw new IllegalStateException("No command: " + command.userObject());
    }
    order.check(problems);
    if (!problems.isEmpty()) {
      return invalid(problems.sentences(), command.qualifiedName());
    }
    return run(order, command.qualifiedName());
  }

  private int run(Command order, String name) {
    try {
      return order.run();
    } catch (InvalidInputException e) {
      return invalid(e.problems(), name);
    } catch (NotRunningException e) {
      context.err().println(e.getMessage());
      return ExitCode.NOT_RUNNING;
    } catch (RefusedException e) {
      e.sentences().forEach(context.err()::println);
      return e.isInvalid() ? ExitCode.INVALID : ExitCode.FAILED;
    } catch (IOException e) {
      context.err().println(e.getMessage() == null ? e.toString() : e.getMessage());
      return ExitCode.FAILED;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return ExitCode.FAILED;
    }
  }

  private int invalid(List<String> problems, String name) {
    problems.forEach(context.err()::println);
    context.err().println("See " + name + " --help.");
    return ExitCode.INVALID;
  }

  private static String sentence(String message) {
    return message.endsWith(".") ? message : message + ".";
  }
}
