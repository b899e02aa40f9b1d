"""Can the page of an answer be read, by eye, by keyboard and by ear, and does it load nothing?

    python tests/acceptance/page.py [--screenshots DIR]

Opens pages in headless Chromium at 1280 and 1920 pixels: that of the demo, one that finds no adequate precedent, one by image and text, one of
a text search, one of a search by embedding, and one whose report is hostile. axe-core finds nothing serious; the keyboard alone reaches every
link, shows the region of every sentence and ends the choice; nothing is loaded and nothing is logged as an error. Without script all is
there, too. Chromium is Debian's; PRECEDENT_CHROMIUM names another.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from harness import Verdict, run, workplace
from PIL import Image
from playwright.sync_api import Browser, Page, Route, sync_playwright

WIDTHS = {1280: 800, 1920: 1080}
STUDIES = 400
HOSTILE = """Left pleural effusion.</p></style></script><script>document.title = "taken"</script>
<img src="https://example.org/x.png" onerror="document.title = 'taken'"> &lt;b&gt; "quoted" 'text'"""
STOPS = "a[href], summary, input, button, [tabindex='0']"
"""What the keyboard is to reach, as far as it is shown; of radio buttons with one name the chosen one."""

AT_FOCUS = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const all = [...document.querySelectorAll("*")];
  const style = getComputedStyle(node);
  const entry = node.closest("[data-e]");
  return {
    place: all.indexOf(node),
    key: entry ? entry.dataset.e : null,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  };
}"""
TO_REACH = """(stops) => {
  const all = [...document.querySelectorAll("*")];
  const shown = (node) => node.checkVisibility() && (node.type !== "radio" || node.checked);
  return [...document.querySelectorAll(stops)].filter(shown).map((node) => all.indexOf(node));
}"""
REGIONS = """(name) => [...document.querySelectorAll(`.box.${name}`)]
  .filter((box) => box.checkVisibility() && box.getBoundingClientRect().width > 0).map((box) => box.dataset.e)"""


@dataclass
class Seen:
    """A page in the browser, with what it did that it should not."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def opened(browser: Browser, file: Path, width: int, script: bool = True) -> Iterator[Seen]:
    """The page in a window of this width. Whatever it asks for beside itself is noted and refused."""
    with browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, java_script_enabled=script, reduced_motion="reduce"
    ) as context:
        seen = Seen(context.new_page())

        def route(route: Route) -> None:
            if route.request.url == file.as_uri():
                route.continue_()
            else:
                seen.requests.append(route.request.url)
                route.abort()

        seen.page.route(lambda url: not url.startswith("data:"), route)
        seen.page.on("console", lambda said: seen.errors.append(said.text) if said.type in ("error", "warning") else None)
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.goto(file.as_uri())
        yield seen


def judge_access(seen: Seen, claim: str, verdict: Verdict) -> None:
    """Nothing that axe-core calls serious or critical."""
    found = Axe().run(seen.page).response["violations"]
    for violation in found:
        at = [node["target"] for node in violation["nodes"][:3]]
        print(f"axe, {claim}: {violation['impact']} {violation['id']}: {violation['help']} {at}")
    grave = [violation["id"] for violation in found if violation["impact"] in ("serious", "critical")]
    verdict.expect(not grave, f"{claim}: axe-core finds {grave}")


def judge_quiet(seen: Seen, claim: str, verdict: Verdict) -> None:
    """It loads nothing, logs nothing, and fits its window."""
    verdict.expect(not seen.requests, f"{claim}: it asks for {seen.requests[:3]}")
    verdict.expect(not seen.errors, f"{claim}: the console has {seen.errors[:3]}")
    beside = seen.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    verdict.expect(beside <= 0, f"{claim}: it is {beside} pixels wider than its window")


def judge_keyboard(seen: Seen, claim: str, verdict: Verdict) -> int:
    """Tab goes through everything and leaves the page; Enter shows the region of a sentence, Escape ends that. Gives how many
    sentences were shown."""
    page = seen.page
    wanted = set(page.evaluate(TO_REACH, STOPS))
    reached: set[int] = set()
    shown = 0
    page.keyboard.press("Tab")
    while (at := page.evaluate(AT_FOCUS)) and at["place"] not in reached:
        reached.add(at["place"])
        if not at["outlined"]:
            verdict.expect(False, f"{claim}: no visible focus at element {at['place']}")
        if at["key"]:
            shown += judge_choice(page, at["key"], claim, verdict)
        page.keyboard.press("Tab")
    verdict.expect(at is None, f"{claim}: Tab leaves the page at its end")
    missed = [page.evaluate("(n) => document.querySelectorAll('*')[n].outerHTML.slice(0, 80)", n) for n in wanted - reached]
    verdict.expect(not missed, f"{claim}: Tab does not reach {missed[:3]}")
    return shown


def judge_choice(page: Page, key: str, claim: str, verdict: Verdict) -> bool:
    """The focused sentence: its regions are shown, chosen with Enter, said aloud, and left with Escape."""
    at_focus = page.evaluate(REGIONS, "shown")
    page.keyboard.press("Enter")
    chosen = page.evaluate(REGIONS, "chosen")
    said = page.inner_text("#said")
    current = page.locator("a[aria-current]").count()
    page.keyboard.press("Escape")
    left = page.evaluate(REGIONS, "chosen")
    holds = len(at_focus) >= 1 and set(at_focus) == {key} and chosen == at_focus and "zone" in said and current == 2
    verdict.expect(holds and not left, f"{claim}: sentence {key} shows {at_focus}, {chosen}, says {said!r}, leaves {left}")
    return holds


def judge_pointer(seen: Seen, claim: str, verdict: Verdict) -> None:
    """A region shows its sentence, as a sentence shows its region."""
    page = seen.page
    box = page.locator(".box").first
    key = box.get_attribute("data-e")
    box.locator(".tag").hover(force=True)
    verdict.expect(page.locator(f"a.said.shown[data-e='{key}']").count() == 1, f"{claim}: a region shows its sentence")
    box.locator(".tag").click(force=True)
    verdict.expect(page.locator(f"li.chosen[data-e='{key}']").count() == 1, f"{claim}: a click chooses it")
    focused = page.evaluate(AT_FOCUS)
    verdict.expect(bool(focused) and focused["key"] == key, f"{claim}: the focus goes to the sentence")
    maps = page.locator(f".map.chosen[data-e='{key}']")
    verdict.expect(maps.count() > 0 and maps.first.is_visible(), f"{claim}: the map of the chosen sentence is drawn")
    page.locator("#show-boxes").uncheck()
    verdict.expect(not box.is_visible(), f"{claim}: regions can be switched off")
    page.locator("#show-boxes").check()


def judge_maps(seen: Seen, claim: str, verdict: Verdict) -> None:
    """The maps over the new image are switched, and each can be looked at by axe-core."""
    page = seen.page
    for way, shown in [("show-explained", ".whole-map"), ("show-unexplained", ".unexplained"), ("show-none", "")]:
        page.locator(f"input.{way}").first.check()
        for layer in (".whole-map", ".unexplained"):
            visible = page.locator(layer).first.is_visible()
            verdict.expect(visible == (layer == shown), f"{claim}: {layer} under {way}")


def judge_without_script(browser: Browser, file: Path, verdict: Verdict) -> None:
    """All text, films and regions are there."""
    with opened(browser, file, 1280) as with_script, opened(browser, file, 1280, script=False) as without:
        same = with_script.page.locator("main").inner_text() == without.page.locator("main").inner_text()
        verdict.expect(same, "without script the text is the same")
        verdict.expect(without.page.locator(".hit .box").first.is_visible(), "without script regions are drawn")
        verdict.expect(not without.errors and not without.requests, f"without script: {without.errors} {without.requests}")


def search(index: Path, out: Path, *arguments: object) -> Path:
    """The page of a search."""
    run("search", index, *arguments, "--html", out)
    return out


def pages(place: Path, verdict: Verdict) -> dict[str, Path]:
    """The pages that are looked at."""
    demo = place / "demo"
    said = run("demo", "--dir", demo, "--studies", STUDIES, "--exit").stdout
    verdict.expect(f"{demo / 'page.html'}: why each" in said, "the demo says where its page is")
    verdict.expect("consensus   30 patients:" in said, "the demo prints a consensus")
    verdict.expect(" zone: " in said, "the demo prints where a sentence fits")
    mode = stat.S_IMODE((demo / "page.html").stat().st_mode)
    verdict.expect(mode == 0o600, f"the page is its owner's alone: {mode:o}")
    index, film = demo / "index", next((demo / "query" / "dicom").iterdir())
    run("encode", "--image", film, "--out", place / "film.npy")
    noise = np.random.default_rng(7).integers(0, 256, (256, 256), dtype=np.uint8)
    Image.fromarray(noise).save(place / "noise.png")
    found = json.loads(run("stats", index, "--json").stdout)
    encoder = found.get("stats", found)["imageSpace"]["encoderId"]
    row = json.dumps({"case_id": "hostile", "findings": HOSTILE, "labels": {"site": HOSTILE}})
    (place / "hostile.jsonl").write_text(row + "\n")
    run("init", place / "hostile")
    run("ingest", place / "hostile", place / "hostile.jsonl")
    return {
        "demo": demo / "page.html",
        "none": search(index, place / "none.html", "--image", place / "noise.png"),
        "both": search(index, place / "both.html", "--image", film, "--text", "effusion", "-k", 3),
        "text": search(index, place / "text.html", "--text", "no pneumothorax", "--filter", "age > 60", "--facet", "sex"),
        "embedding": search(
            index, place / "embedding.html", "--embedding", place / "film.npy", "--encoder-id", encoder, "--consensus"
        ),
        "hostile": search(place / "hostile", place / "hostile.html", "--text", "effusion"),
    }


def judge_texts(browser: Browser, files: dict[str, Path], verdict: Verdict) -> None:
    """What each page must say."""
    for name, parts in {
        "none": ["Do not read them as comparable ones.", "Demo encoder, not for clinical images.", "No patient was named"],
        "both": ["The archive holds comparable images", "Words that were asked for", "are left out"],
        "text": ["no second opinion", "The search was made without an image.", "Words that were asked for", "age > 60"],
        "embedding": ["There is no picture to show", "What the nearest cases say together", "No patient"],
        "hostile": [line.strip() for line in HOSTILE.splitlines()],
    }.items():
        with opened(browser, files[name], 1280) as seen:
            text = seen.page.locator("main").inner_text()
            for part in parts:
                verdict.expect(part.lower() in text.lower(), f"{name} says {part!r}")
            raised = seen.page.locator(".verdict.raised h2").count()
            verdict.expect(raised == (name == "none"), f"{name}: an adequate precedent is denied {raised} times")
            verdict.expect(seen.page.title().endswith("- Precedent"), f"{name}: the title is {seen.page.title()!r}")


def judge(browser: Browser, files: dict[str, Path], shots: Path | None, verdict: Verdict) -> None:
    """Every page at every width."""
    for name, file in files.items():
        for width in WIDTHS:
            claim = f"{name} at {width}"
            with opened(browser, file, width) as seen:
                judge_access(seen, claim, verdict)
                if shots:
                    seen.page.screenshot(path=shots / f"{name}-{width}.png", full_page=True)
                seen.page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
                shown = judge_keyboard(seen, claim, verdict)
                if name in ("demo", "both"):
                    verdict.expect(shown >= 6, f"{claim}: {shown} sentences were shown")
                    judge_pointer(seen, claim, verdict)
                    judge_maps(seen, claim, verdict)
                judge_access(seen, f"{claim}, used", verdict)
                judge_quiet(seen, claim, verdict)
    judge_texts(browser, files, verdict)
    judge_without_script(browser, files["demo"], verdict)


def chromium() -> str:
    """The browser."""
    found = os.environ.get("PRECEDENT_CHROMIUM") or shutil.which("chromium")
    return found or sys.exit("chromium is not there; install it with `apt-get install chromium`, or set PRECEDENT_CHROMIUM")


def main() -> int:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--screenshots", type=Path, help="folder for a picture of every page at every width")
    shots = parser.parse_args().screenshots
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    verdict = Verdict("page")
    with workplace("page") as place, sync_playwright() as playwright:
        files = pages(place, verdict)
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        judge(browser, files, shots, verdict)
        browser.close()
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
