"""Makes the three small fonts of the contact sheet (crates/danqing-demo/fonts).

sheet-latin.otf, sheet-italic.otf  subsets of EB Garamond 12 Regular and Italic, Latin letters and punctuation
sheet-kai.ttf                      subset of LXGW WenKai Regular: the characters of characters.txt and of examples/demo.json

All under the SIL Open Font License 1.1; the subsets carry names of their own, since the licence
reserves the names of LXGW's fonts. Sources: Debian fonts-ebgaramond 0.016+git20210310.42d4f9f2-1 and
fonts-lxgw-wenkai 1.250+repack-1, unpacked with `apt-get download` and `dpkg-deb -x`.
Pinned: fonttools==4.54.1. Run from the repository root: python tools/demo/fonts.py UNPACKED_FOLDER
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path("crates/danqing-demo/fonts")
LATIN = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA1, 0x100)])) + "–—‘’“”•…→×−·"


def han() -> str:
    """Every character outside Latin that a sheet may use."""
    texts = (TARGET / "characters.txt").read_text() + Path("examples/demo.json").read_text()
    return "".join(sorted({c for c in texts if ord(c) >= 0x2E80}))


def small(source: Path, characters: str, name: str, target: Path) -> None:
    """The subset, unhinted, without layout tables, under another name."""
    options = subset.Options(hinting=False, layout_features=[], name_IDs=[1, 2, 4, 6, 0, 13, 14], notdef_outline=True)
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6):
            record.string = name if record.nameID != 6 else name.replace(" ", "")
    if "CFF " in font:
        font["CFF "].cff.fontNames = [name.replace(" ", "")]
    font.save(target, reorderTables=True)
    missing = [c for c in characters if ord(c) not in TTFont(target).getBestCmap() and not c.isspace()]
    print(f"{target}: {target.stat().st_size} bytes, {len(characters)} characters, missing: {''.join(missing) or 'none'}")


def main() -> None:
    unpacked = Path(sys.argv[1])
    found = {path.name: path for path in unpacked.rglob("*.[ot]tf")}
    small(found["EBGaramond12-Regular.otf"], LATIN, "Danqing Sheet Latin", TARGET / "sheet-latin.otf")
    small(found["EBGaramond12-Italic.otf"], LATIN, "Danqing Sheet Italic", TARGET / "sheet-italic.otf")
    small(found["LXGWWenKai-Regular.ttf"], han(), "Danqing Sheet Kai", TARGET / "sheet-kai.ttf")


if __name__ == "__main__":
    main()
