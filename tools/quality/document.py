"""The sections of docs/quality.md, each between two markers of the script that writes it."""

from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs/quality.md"


def write(section: str, title: str, text: str) -> None:
    """Replaces the section; one that is not there yet comes last, under its title."""
    begin = f"<!-- {section}: begin (written by tools/quality/{section}.py) -->"
    end = f"<!-- {section}: end -->"
    page = DOCUMENT.read_text()
    if begin not in page:
        page = page.rstrip() + f"\n\n## {title}\n\n{begin}\n{end}\n"
    head, rest = page.split(begin)
    DOCUMENT.write_text(f"{head}{begin}\n{text.strip()}\n{end}{rest.split(end, 1)[1]}")
