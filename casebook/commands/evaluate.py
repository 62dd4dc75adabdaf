"""`evaluate`: measures the search on BEIR folders, or on the collection's own questions."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook.commands import library, print_json
from casebook.errors import EncoderError, UsageError

if TYPE_CHECKING:
    from casebook.library import Library
    from evals.collection import CollectionResult
    from index.encoder import Encoder
    from index.snapshot import Snapshot


def register(commands: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    command = commands.add_parser(
        "evaluate",
        parents=[shared],
        help="measure the search",
        description="Measures the search on BEIR folders (corpus.jsonl, queries.jsonl, qrels/), or the collection's questions.",
    )
    command.add_argument(
        "--beir", type=Path, nargs="+", metavar="FOLDER", help="BEIR folders; every row of a corpus is one passage"
    )
    command.add_argument(
        "--collection", choices=("dev", "test"), metavar="SPLIT", help="the collection's questions: dev or test"
    )
    command.add_argument("--split", default="test", help="which qrels of a BEIR folder (default test)")
    command.add_argument(
        "--run", dest="run_file", type=Path, metavar="FILE", help="write a TREC run file (one BEIR folder only)"
    )
    command.add_argument("--ablate", action="store_true", help="a row each for words, meaning, every fusion, and torch")
    command.add_argument("--rows", nargs="+", default=[], metavar="ROW", help="with --ablate: these rows only, by name")
    command.add_argument("--without-torch", action="store_true", help="no row for torch, which encodes every passage anew")
    command.add_argument("--rerank", type=int, default=None, metavar="N", help="candidates the reranker reads (0: none)")
    command.add_argument(
        "--cache", type=Path, default=Path("build/bench"), metavar="DIR", help="where vectors of BEIR sets are kept"
    )
    command.add_argument("--save", action="store_true", help="file the results by commit in evals/results")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if not options.beir and not options.collection:
        raise UsageError("Say what to measure: --beir FOLDER, or --collection dev.")
    if options.run_file and (not options.beir or len(options.beir) != 1):
        raise UsageError("--run needs one --beir folder.")
    try:
        import ir_measures  # noqa: F401
    except ImportError as error:
        raise UsageError("The bench needs ir-measures. Run: pip install -r requirements/dev.txt") from error
    opened = library(options)
    found = beir(opened, options) if options.beir else collection(opened, options)
    if options.save:
        from evals import report

        print(report.save(found), file=sys.stderr)
    if options.json:
        print_json(found)
    return 0


def _tell(options: argparse.Namespace) -> Any:
    return (lambda line: print(line, file=sys.stderr, flush=True)) if options.json else (lambda line: print(line, flush=True))


def beir(opened: Library, options: argparse.Namespace) -> dict[str, Any]:
    from evals import bench
    from evals.beir import read
    from evals.held_out import unseen

    sets = [unseen(read(folder, options.split)) for folder in options.beir]
    variants = _variants(opened, options)
    torch = bench.torch_encoder(opened.encoder, _tell(options)) if options.ablate and not options.without_torch else None
    base = _base() if options.ablate else None
    results = bench.compare(sets, variants, opened.encoder, options.cache, _tell(options), torch, base)
    if options.run_file:
        bench.write_trec(results[sets[0].name]["search"].run, options.run_file, "casebook")
    return bench.record("beir", results, {s.name: (len(s.rows), len(s.queries)) for s in sets}, _tell(options))


def collection(opened: Library, options: argparse.Namespace) -> dict[str, Any]:
    from evals import bench
    from evals import collection as gold_bench

    tell, results, kinds = _tell(options), {}, {}
    variants = _variants(opened, options)
    if options.ablate:
        settings, reranker = variants["search"]
        variants[bench.UNASKED] = (replace(settings, expanded=0.0), reranker)
    base = _base() if options.ablate else opened.encoder
    for name, (settings, reranker) in variants.items():
        encoder = base if name in bench.BASELINES else opened.encoder
        asked = opened.snapshot if settings.expanded else _without_questions(opened, options)
        asked = _encoded_anew(asked, options, encoder) if encoder is not opened.encoder else asked
        found = gold_bench.evaluate(asked, encoder, options.collection, settings, reranker)
        results[name], kinds[name] = found, found.kinds()
        tell(f"{options.collection:14} {name:28} {found.means()} {found.latency()}")
    first = next(iter(results.values()))
    torch = bench.torch_encoder(opened.encoder, tell) if options.ablate and not options.without_torch else None
    if torch:
        found = _in_torch(opened, options, torch)
        results[bench.TORCH], kinds[bench.TORCH] = found, found.kinds()
        tell(f"{options.collection:14} {bench.TORCH:28} {found.means()} {found.latency()}")
    sizes = {f"collection {options.collection}": (opened.snapshot.vectors.count, len(first.questions))}
    record = bench.record("collection", {next(iter(sizes)): results}, sizes, tell)
    record["kinds"] = kinds
    record["snapshot"] = opened.snapshot.manifest.id
    record["evidence_not_found"] = first.missing
    return record


def _in_torch(opened: Library, options: argparse.Namespace, torch: Encoder) -> CollectionResult:
    """The collection's questions over its passages encoded anew in torch, which is kept in --cache."""
    from evals import collection as gold_bench

    snapshot = _encoded_anew(opened.snapshot, options, torch)
    settings, reranker = _variants(opened, options)["search"]
    return gold_bench.evaluate(snapshot, torch, options.collection, settings, reranker)


def _encoded_anew(snapshot: Snapshot, options: argparse.Namespace, encoder: Encoder) -> Snapshot:
    from evals import bench

    questions = "" if len(snapshot.expansions.rows) else "-unasked"
    folder = options.cache / f"collection-{snapshot.manifest.id}{questions}-{encoder.weights_sha256[:12]}"
    return bench.encoded_anew(snapshot, folder, encoder)


def _base() -> Encoder:
    """The encoder as it was before it was trained further, which the baselines search with."""
    from index.encoder import BASE, Encoder, packaged

    try:
        packaged()
    except EncoderError as error:
        raise UsageError(f"The baselines need the encoder as it was. {error}") from error
    return Encoder(BASE)


def _without_questions(opened: Library, options: argparse.Namespace) -> Snapshot:
    """The collection as documents are that nobody wrote questions for: what the baselines search; kept in --cache."""
    from evals import bench

    return bench.without_questions(opened.snapshot, options.cache / f"unasked-{opened.snapshot.manifest.id}", opened.encoder)


def _variants(opened: Library, options: argparse.Namespace) -> dict[str, Any]:
    """name -> (settings, reranker); "search" is what people get."""
    from evals.bench import variants

    settings, reranker = opened.search_settings, opened.reranker
    if options.rerank is not None:
        from index.reranker import CrossEncoder

        settings = replace(settings, rerank=options.rerank)
        reranker = CrossEncoder() if options.rerank else None
    every = variants(settings, reranker)
    if unknown := set(options.rows) - set(every):
        raise UsageError(f"There is no row {sorted(unknown)[0]!r}. Rows are: {', '.join(every)}.")
    wanted = (options.rows or every) if options.ablate else ["search"]
    return {name: one for name, one in every.items() if name in wanted}
