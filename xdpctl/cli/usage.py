"""What is wrong with a command line, in the words of all other errors; typer has others."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from xdpctl.core.values.numerals import short
from xdpctl.core.wording import did_you_mean, join, nearest
from xdpctl.errors import Usage

WrongUsage: Any = typer.BadParameter.__base__
"""Typer doesn't export it."""


def of_typer(wrong: Any, ctx: Any, args: Sequence[str]) -> Usage:
    """What typer found."""
    match type(wrong).__name__:  # nor does it export these
        case "NoSuchOption":
            return _no_such_option(_whole(wrong.option_name, args), ctx, args)
        case "MissingParameter":
            return Usage(f"{called(wrong.param)} is missing", _form(ctx))
        case "BadOptionUsage":
            return _badly_used(wrong.option_name, ctx)
    return Usage(wrong.format_message())


def called(param: Any) -> str:
    return str(param.opts[0] if param.param_type_name == "option" else param.metavar.strip("[.]"))


def check_value(ctx: Any, param: Any, value: Any) -> None:
    for word in value if isinstance(value, list | tuple) else [value]:
        try:
            param.type(word, param=param, ctx=ctx)
        except WrongUsage:
            choices = [str(choice) for choice in getattr(param.type, "choices", ())]
            hints = did_you_mean(word, choices) if choices else (_numbers(param.type),)
            raise Usage(f"{called(param)} can't be {short(word)}", *hints) from None


def too_many(ctx: Any, words: Sequence[str]) -> Usage:
    are = "is one word too many" if len(words) == 1 else "are too many words"
    return Usage(f"{join(map(short, words))} {are}", _form(ctx))


def no_such_verb(
    args: Sequence[str], path: str, verbs: Iterable[str], others: Mapping[str, Mapping[str, str | None]]
) -> Usage:
    """`others` are verbs behind other words, one of which may have been forgotten, with the modules of
    those that go by another name.
    """
    word, *rest = args
    message = f"there is no verb {short(word)}"
    if elsewhere := [
        f"{group} {(known[word] or word).rpartition('.')[2]}"
        for group, known in others.items()
        if word in known
    ]:
        near = nearest(word, verbs)
        either = [f"{path} {near}", *elsewhere] if near else elsewhere
        return Usage(message, f"did you mean {' or '.join(map(repr, either))}?")
    if word == "check" and any(name.endswith((".c", ".toml")) for name in rest):
        word = "compile"
    return Usage(message, *did_you_mean(word, verbs))


def _whole(option: str, args: Sequence[str]) -> str:
    """Of -json, typer tells the first letter that it doesn't know."""
    if option.startswith("--"):
        return option
    return next((word for word in args if re.match(f"-[^-]*{re.escape(option[1])}", word)), option)


def _no_such_option(option: str, ctx: Any, args: Sequence[str]) -> Usage:
    verb = ctx.command_path.partition(" ")[2]
    message = f"{verb} has no option {option}" if verb else f"there is no option {option}"
    if hint := _misplaced(option, ctx, args):
        return Usage(message, hint)
    known = [name for param in ctx.command.get_params(ctx) for name in param.opts if name[:2] == "--"]
    return Usage(message, *did_you_mean("--json" if option == "-j" else option, known))


def _misplaced(option: str, ctx: Any, args: Sequence[str]) -> str:
    """Options for all verbs come before the verb, its own behind it, numbers below zero after --."""
    if option[1:2].isdecimal() and ctx.parent:
        return f"what begins with a dash and is no option comes after --: xdpctl … -- {option}"
    if given := _with_value(ctx.find_root(), option):
        return f"{option} goes before the verb: xdpctl {given}{ctx.command_path.removeprefix('xdpctl')}"
    path, command = ctx.command_path, ctx.command
    for word in args:
        if isinstance(command, TyperGroup) and (verb := command.get_command(ctx, word)):
            path, command = f"{path} {word}", verb
            if any(option in param.opts for param in verb.params):
                return f"{option} goes behind the verb: {path} {option}"
    return ""


def _badly_used(option: str, ctx: Any) -> Usage:
    given = _with_value(ctx, option)
    return Usage(f"{option} takes no value") if given == option else Usage(f"{option} needs a value", given)


def _with_value(ctx: Any, option: str) -> str:
    """The option as one would write it, if there is such a one."""
    for param in ctx.command.get_params(ctx):
        if option in param.opts:
            return option if param.is_flag else f"{option} {param.make_metavar(ctx)}"
    return ""


def _form(ctx: Any) -> str:
    """What has to be given, and what words can be."""
    pieces = [ctx.command_path]
    for param in ctx.command.params:
        if param.param_type_name == "argument":
            pieces.append(param.metavar if param.required else f"[{param.metavar}]")
        elif param.required:
            pieces.append(_with_value(ctx, param.opts[0]))
    return " ".join(pieces)


def _numbers(kind: Any) -> str:
    what = "a whole number" if kind.name.startswith("int") else "a number"
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if high is not None:
        return f"it is {what} from {low} to {high}"
    return f"it is {what}" if low is None else f"it is {what}, {low} or larger"
