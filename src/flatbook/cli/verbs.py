"""Which verbs there are: each with the place of its code, which is imported only when the verb is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Verb(NamedTuple):
    """One verb: a function to call, or a noun with verbs of its own under it."""

    name: str
    says: str
    target: str = ""
    under: tuple[Verb, ...] = ()


class Family(NamedTuple):
    """Verbs that belong together, under one title."""

    title: str
    verbs: tuple[Verb, ...]


_EVENTS = (
    Verb("tail", "Show the latest events, and follow new ones as they are committed.", "events:tail"),
    Verb("export", "Write the events as JSON lines or CSV.", "events:export"),
    Verb("bundle", "Write a stretch of the journal as one file that proves itself.", "events:bundle"),
    Verb("check", "Read such a file anew: every hash, event and count.", "events:check"),
    Verb("verify", "Read the whole journal and check every number, hash and event of it.", "events:verify"),
    Verb("archive", "Move older rows into a segment file beside the journal.", "events:archive"),
)
_CONFIG = (
    Verb("check", "Say everything that is wrong with the configuration, or that nothing is.", "config:check"),
    Verb("show", "Show the configuration; --effective adds where each value comes from.", "config:show_values"),
    Verb("schema", "Print the JSON schema of the configuration.", "config:schema"),
)
_SECRETS = (
    Verb("set", "Keep a secret where the configuration says, read from standard input.", "secrets:keep"),
    Verb("list", "List the names of the secrets and where each one is kept; never their values.", "secrets:names"),
    Verb("test", "Look whether each secret can be read.", "secrets:look"),
)
_AUTH = (
    Verb("schwab", "Log in at Charles Schwab, once a week.", "auth:schwab"),
    Verb("address", "Say the address at which a person logs in at Charles Schwab.", "auth:address"),
    Verb("status", "Say how long the login lasts.", "auth:status"),
)

_ALERTS = (
    Verb("list", "List what stands and needs a person, with its age and when it was told.", "alerts:standing"),
    Verb("rules", "List every alert there is, with its bound and what to do.", "alerts:rules"),
    Verb("test", "Send one test message through each channel.", "alerts:send_tests"),
    Verb("watch", "Follow the journal and tell alerts until stopped.", "alerts:watch"),
)
_WALLET = (
    Verb("new", "Make a key and keep it, encrypted.", "wallet:new"),
    Verb("import", "Take in a key from standard input and keep it, encrypted.", "wallet:import_key"),
    Verb("show", "Show wallets, nonces and calls.", "wallet:show_calls"),
    Verb("approve", "Allow the book of a vault exactly so much.", "wallet:approve"),
    Verb("deposit", "Put tokens into a vault.", "wallet:deposit"),
    Verb("withdraw", "Take tokens out of a vault.", "wallet:withdraw"),
    Verb("cancel", "Take a call back.", "wallet:take_back"),
)
_ORDER = (
    Verb("recheck", "Ask the venue again.", "repair:recheck"),
    Verb("cancel", "Cancel it.", "by_hand:cancel"),
    Verb("place", "Order by hand, nearer to zero.", "by_hand:place"),
)
_LIMIT = (Verb("set", "Make a limit tighter, or as it is configured.", "by_hand:set_limit"),)
_TOKEN = (
    Verb("create", "Make a token for a program; it is shown once.", "tokens:create"),
    Verb("list", "List the tokens: name, scope and end.", "tokens:listing"),
    Verb("revoke", "End a token at once.", "tokens:revoke"),
    Verb("link", "Print a link that opens the console once.", "tokens:link"),
)
_GRID = (
    Verb("slots", "Show the slots, from the highest level to the lowest.", "grid:slots"),
    Verb("plan", "Show which orders a grid would keep, cancel and place at a touch.", "grid:plan"),
)
_SIM = (
    Verb("run", "Run worlds by their seeds, those that once failed first.", "sim:run"),
    Verb("seed", "Run the world of one seed again.", "sim:seed"),
    Verb("scenario", "Run a scripted world, or one from a file.", "sim:scenario"),
    Verb("crash", "Cut scripted worlds at every append and every send.", "sim:crash"),
    Verb("mutants", "Plant known bugs, and look whether the judges see each.", "sim:mutants"),
    Verb("canary", "Run a product that is known to be bad, which must be found out.", "sim:canary"),
    Verb("serve", "Play a broker over HTTP, for a desk in another process.", "sim_serve:serve"),
    Verb("coverage", "Say which faults struck, and what orders went through.", "sim:coverage"),
)
_CHAOS = (
    Verb("drop", "Lose the answers to the next orders of an account.", "chaos:drop"),
    Verb("stall", "Let no price arrive for a while.", "chaos:stall"),
    Verb("reorg", "Replace the newest blocks of the chain.", "chaos:reorg"),
    Verb("kill", "Kill the engine's process, as a lost machine does.", "chaos:kill"),
)
_DATA = (
    Verb("list", "List the tapes in the home.", "tapes:listing"),
    Verb("doctor", "Look through a tape or recordings for what is wrong with them.", "tapes:doctor"),
    Verb("convert", "Make a tape of recordings.", "tapes:convert"),
    Verb("record", "Record what a venue tells of its markets.", "market_files:record"),
    Verb("download", "Download bars or rates of funding.", "market_files:download"),
)

FAMILIES = (
    Family(
        "Start",
        (
            Verb("demo", "Hedge recorded fills on a paper broker, crash included: no keys, no network.", "start:demo"),
            Verb("init", "Write a commented flatbook.toml for a paper or a live desk.", "init:init"),
            Verb("doctor", "Check this machine, the configuration, the journal and the secrets.", "doctor:doctor"),
            Verb("run", "Run the desk until it is stopped.", "start:run"),
            Verb("api", "Serve programs and the console, on this machine only.", "api:api"),
            Verb("guard", "Cancel where a venue has no switch, once the desk is silent.", "guard:guard"),
        ),
    ),
    Family(
        "Look",
        (
            Verb("status", "Say whether the desk is flat, and what stands in the way.", "status:status"),
            Verb("positions", "Show positions, nets and balances.", "positions:positions"),
            Verb("capacity", "Show how much can still be hedged, by share and side.", "capacity:capacity"),
            Verb("offers", "Show our own orders on chains, and why they are pulled.", "offers:offers"),
            Verb("grid", "Show the slots of grids, and what a grid would do now.", "", _GRID),
            Verb("orders", "Show orders: asked, accepted, filled, and since when unknown.", "orders:orders"),
            Verb("trades", "Show fills and executions, each with what it closed.", "trades:trades"),
            Verb("price", "Show what the oracle said at a transaction, and how far fills lay from it.", "price:price"),
            Verb("pnl", "Show profit and loss, taken apart, and whether the ledger balances.", "pnl:pnl"),
            Verb("report", "Say how long fills waited, what was exposed, and what each part earned.", "report:report"),
            Verb("why", "Tell the story of a fill, an order or anything else that has an id.", "why:why"),
        ),
    ),
    Family(
        "Steer",
        (
            Verb("halt", "Stop new orders and cancel what rests.", "steer:halt"),
            Verb("lift", "Take one halt back.", "steer:lift"),
            Verb("hedge", "Hedge a net at once, whatever its threshold.", "by_hand:hedge"),
            Verb("limit", "Tighten the limits of risk.", "", _LIMIT),
            Verb("free", "Free a side that a monitor has stopped.", "steer:free"),
            Verb("flatten", "Bring nets to zero at the market, whatever their threshold.", "steer:flatten"),
            Verb("kill", "Halt everything, cancel every order, and wait until none is open.", "steer:kill"),
            Verb("drain", "Finish the hedges under way, then stop the engine.", "steer:drain"),
            Verb("reconcile", "Compare our records with every venue now.", "steer:reconcile"),
            Verb("reconnect", "Close the streams of an account and open them anew.", "steer:reconnect"),
        ),
    ),
    Family(
        "Repair",
        (
            Verb("order", "Repair an order.", "", _ORDER),
            Verb(
                "action",
                "Freeze what is offered of a share.",
                "",
                (
                    Verb("state", "State a corporate action: from its eve on nothing is offered.", "actions:state"),
                    Verb("end", "End a freeze.", "actions:end"),
                ),
            ),
            Verb("fill", "Repair a fill.", "", (Verb("release", "Decide on a held fill.", "repair:release"),)),
            Verb(
                "position",
                "Repair a position.",
                "",
                (
                    Verb("overwrite", "State what a position is.", "repair:overwrite"),
                    Verb("assign", "Give an unassigned position to an owner.", "repair:assign"),
                ),
            ),
            Verb(
                "account",
                "Repair an account.",
                "",
                (Verb("accept-statement", "Take its newest statement for the truth.", "repair:accept_statement"),),
            ),
        ),
    ),
    Family(
        "Prove",
        (
            Verb("backtest", "Run strategies over a recorded market, and report.", "backtest:backtest"),
            Verb("compare", "Say how what was traded differs from a backtest, by cause.", "compare:compare"),
            Verb("data", "Make, list and look through tapes of recorded markets.", "", _DATA),
            Verb("replay", "Run the hedge over recorded takers and bars of December 2025.", "report:replay"),
            Verb("sim", "Run simulated worlds in which everything goes wrong.", "", _SIM),
            Verb("chaos", "Break something in a running paper desk, and see that nothing is lost.", "", _CHAOS),
        ),
    ),
    Family(
        "Keep",
        (
            Verb("events", "Read, export, bundle, verify and archive the journal.", "", _EVENTS),
            Verb("export", "Write fills, hedges, fees and what else moved as a table.", "export:export"),
            Verb("config", "Check and show the configuration.", "", _CONFIG),
            Verb("alerts", "Tell people what needs them, and see what stands.", "", _ALERTS),
            Verb("secrets", "Keep secrets out of the configuration.", "", _SECRETS),
            Verb("token", "Let programs use the API, each within a scope and a time.", "", _TOKEN),
            Verb("wallet", "Keep keys, and move vaults through the running engine.", "", _WALLET),
            Verb("signer", "Sign for one wallet, in a process of its own.", "wallet:signer"),
            Verb("auth", "Log in where only a person can.", "", _AUTH),
            Verb("backup", "Copy the journal, while an engine runs or not.", "copies:backup"),
            Verb("restore", "Put a backup in the journal's place; the next start is halted.", "copies:restore"),
            Verb("completion", "Print the completion script of a shell.", "about:completion"),
            Verb("version", "Print the version.", "about:version"),
        ),
    ),
)


def verbs() -> Iterator[Verb]:
    """Yields the top-level verbs in the order of the help."""
    for family in FAMILIES:
        yield from family.verbs


def find(words: list[str]) -> tuple[tuple[Verb, ...], list[str]]:
    """Returns the chain of verbs that leading words name, and the words after it."""
    chain: tuple[Verb, ...] = ()
    choices = tuple(verbs())
    rest = list(words)
    while rest and (found := next((verb for verb in choices if verb.name == rest[0]), None)) is not None:
        chain, choices, rest = (*chain, found), found.under, rest[1:]
    return chain, rest
