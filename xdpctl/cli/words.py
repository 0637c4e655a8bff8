"""What holds for all commands: no word is given twice, is empty, or looks like an option and is none."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from xdpctl.cli import usage
from xdpctl.cli.usage import WrongUsage, called
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Usage

MAY_BE_EMPTY = "KEY|VALUE|TEXT"
"""What these stand for in a usage line can be a text of no letters."""

JSON = ("--json", "-j")


class Checked:
    """Refuses what would be taken for something else than it says."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            if args and not ctx.resilient_parsing:
                self._check(ctx, args)
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        except WrongUsage as wrong:
            if type(wrong).__name__ == "NoArgsIsHelpError":
                raise
            raise usage.of_typer(wrong, ctx, args) from None
        return rest

    def _check(self, ctx: Any, args: list[str]) -> None:
        command: Any = self
        _refuse_options_behind_dashes(args, command.get_params(ctx))
        given, rest, order = command.make_parser(ctx).parse_args([*args])
        _refuse_twice(order)
        for param in order:
            _refuse_empty(param, given[param.name])
        if any(param.is_eager or param.callback for param in order):
            return  # such as --help, which helps whatever else is wrong
        for param in order:
            usage.check_value(ctx, param, given[param.name])
        if isinstance(self, TyperGroup):
            if not rest:
                raise Usage("a verb is missing", *did_you_mean("", command.list_commands(ctx)))
        elif rest:
            raise usage.too_many(ctx, rest)


class CheckedCommand(Checked, TyperCommand):
    pass


class CheckedGroup(Checked, TyperGroup):
    pass


def asks_for_json(command: Any, words: Sequence[str]) -> bool:
    """Whether --json is an option of the verb that is called, and is given, whatever else is wrong.

    Of a verb that there isn't, nobody knows its options.
    """
    options = [param for param in command.params if param.param_type_name == "option"]
    with_value = {name for param in options if not param.is_flag for name in param.opts}
    is_group, rest = isinstance(command, TyperGroup), list(words)
    while rest:
        word = rest.pop(0)
        if is_group and not word.startswith("-"):
            verb = command.get_command(None, word)
            return asks_for_json(verb, rest) if verb else any(word in JSON for word in rest)
        if word == "--" and not is_group:
            return False
        if word.partition("=")[0] in JSON and any("--json" in param.opts for param in options):
            return True
        if word in with_value:
            del rest[:1]
    return False


def _refuse_twice(order: Sequence[Any]) -> None:
    """The last would win, and the others be forgotten."""
    for param, count in Counter(order).items():
        takes_one = param.param_type_name == "option" and not (param.is_flag or param.multiple)
        if count > 1 and takes_one:
            raise Usage(f"{called(param)} is given {count} times", "give it once")


def _refuse_empty(param: Any, value: Any) -> None:
    """As `--pin "$DIRECTORY"` is where that isn't set."""
    empty = "" in (value if isinstance(value, list | tuple) else [value])
    if empty and not re.search(MAY_BE_EMPTY, param.metavar or ""):
        hint = "give it a value" + ", or leave it out" * (not param.required)
        raise Usage(f"{called(param)} is empty", hint)


def _refuse_options_behind_dashes(args: Sequence[str], params: Sequence[Any]) -> None:
    """What comes after -- is no option: `-- -5 --cpu 1` would be three values."""
    behind = args[args.index("--") + 1 :] if "--" in args else ()
    options = {option for param in params for option in param.opts if option.startswith("--")}
    for word in behind:
        if word.partition("=")[0] in options:
            raise Usage(f"{word} comes after --, where nothing is an option", "put it before the --")
