package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.config.InvalidInputException;
import io.bucketfs.app.config.Problems;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
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
      var serve = ServeCommand.plain(context, arguments);
      return serve == null
          ? commandLine(arguments).execute(arguments)
          : run(serve, "bucketfs serve");
    } finally {
      context.out().flush();
      context.err().flush();
    }
  }

  /** All commands, by their names. */
  private Map<String, Supplier<Object>> commands() {
    Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    commands.put("demo", () -> new DemoCommand(context));
    commands.put("serve", () -> new ServeCommand(context));
    commands.put("mount", this::mount);
    commands.put("flush", () -> new FlushCommand(context));
    commands.put("refresh", () -> new RefreshCommand(context));
    commands.put("jobs", () -> new JobsCommand(context));
    commands.put("warm", () -> new WarmCommand(context));
    commands.put("evict", () -> new EvictCommand(context));
    commands.put("pin", () -> new PinCommand(context));
    commands.put("unpin", () -> new UnpinCommand(context));
    commands.put("import", () -> new ImportCommand(context));
    commands.put("status", () -> new StatusCommand(context));
    commands.put("cache", () -> new CacheCommand(context));
    commands.put("clients", this::clients);
    commands.put("report", () -> new ReportCommand(context));
    commands.put("check", () -> new CheckCommand(context));
    commands.put("rebuild", () -> new RebuildCommand(context));
    commands.put("version", () -> new VersionCommand(context));
    return commands;
  }

  private CommandLine mount() {
    return new CommandLine(new MountCommand())
        .addSubcommand("create", new MountCreateCommand(context))
        .addSubcommand("list", new MountListCommand(context))
        .addSubcommand("show", new MountShowCommand(context))
        .addSubcommand("set", new MountSetCommand(context))
        .addSubcommand("probe", new MountProbeCommand(context))
        .addSubcommand("delete", new MountDeleteCommand(context));
  }

  private CommandLine clients() {
    return new CommandLine(new ClientsCommand(context))
        .addSubcommand("revoke", new ClientsRevokeCommand(context));
  }

  /**
   * The commands among which one is to be found: the one that is named first, since to describe all
   * of them takes most of the time of a start, or else all.
   */
  CommandLine commandLine(String... arguments) {
    var root = new CommandLine(new RootCommand(context));
    var commands = commands();
    if (arguments.length > 0 && commands.containsKey(arguments[0])) {
      commands.keySet().retainAll(Set.of(arguments[0]));
    }
    commands.forEach((name, command) -> root.addSubcommand(name, command.get()));
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
