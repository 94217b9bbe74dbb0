"""Makes tests/golden/media_matrix.bin and .json: tiny picture files of every format, orientation, depth, channel layout
and profile, and the pixels that independent readers see in them.

Versions: Python 3.11, pillow 11.3.0 (libjpeg-turbo, libwebp, littlecms), imagecodecs 2025.3.30 (libpng),
tifffile 2025.6.11, numpy 2.2.6.
Run: python tools/golden/media_matrix.py
"""

import hashlib
import io
import json
import pathlib
import struct
import zlib

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
WIDTH, HEIGHT = 7, 5
blob = bytearray()
places = {}
files = []


def stored(data):
    """Place of these bytes in the blob; the same bytes are kept once."""
    key = hashlib.sha256(data).hexdigest()
    if key not in places:
        places[key] = [len(blob), len(data)]
        blob.extend(data)
    return places[key]


def add(name, data, pixels, tolerance=0, icc=None, srgb=None, srgb_tolerance=1, warnings=()):
    """One file and its upright pixels: rows x columns x channels, uint8 or uint16."""
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    entry = {
        "name": name, "file": stored(data), "pixels": stored(pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()),
        "width": pixels.shape[1], "height": pixels.shape[0], "channels": pixels.shape[2],
        "bits": pixels.dtype.itemsize * 8, "tolerance": tolerance, "warnings": list(warnings),
    }
    if icc is not None:
        entry["icc"] = stored(icc)
    if srgb is not None:
        entry["srgb"] = stored(srgb.tobytes())
        entry["srgb_tolerance"] = srgb_tolerance
    files.append(entry)


# --- profiles, written by hand so that they are small and wide ---

def s15(value):
    return struct.pack(">i", round(value * 65536))


def profile(space, pcs, kind, tags):
    body, table = b"", b""
    offset = 128 + 4 + 12 * len(tags)
    for tag, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += tag + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02100000, kind, space, pcs)
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + s15(0.9642) + s15(1.0) + s15(0.8249)
    header += b"\0" * (128 - len(header))
    return header + struct.pack(">I", len(tags)) + table + body


def xyz(x, y, z):
    return b"XYZ \0\0\0\0" + s15(x) + s15(y) + s15(z)


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def description(text):
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + b"\0" * 78


WHITE = (b"wtpt", xyz(0.9642, 1.0, 0.8249))
# Adobe RGB (1998) primaries adapted to D50, gamma 2.2.
WIDE = profile(b"RGB ", b"XYZ ", b"mntr", [
    (b"desc", description(b"wide")), (b"cprt", b"text\0\0\0\0CC0\0"), WHITE,
    (b"rXYZ", xyz(0.60974, 0.31111, 0.01947)), (b"gXYZ", xyz(0.20528, 0.62567, 0.06087)),
    (b"bXYZ", xyz(0.14919, 0.06322, 0.74457)), (b"rTRC", gamma(2.2)), (b"gTRC", gamma(2.2)), (b"bTRC", gamma(2.2))])
DARK_GRAY = profile(b"GRAY", b"XYZ ", b"mntr", [
    (b"desc", description(b"gray")), (b"cprt", b"text\0\0\0\0CC0\0"), WHITE, (b"kTRC", gamma(1.6))])


def ink_table():
    """lut16 of two grid points per ink, linear in Lab, so that every interpolation gives the same."""
    clut = b""
    for index in range(16):
        c, m, y, k = [(index >> (3 - i)) & 1 for i in range(4)]
        lab = (100 - 25 * c - 30 * m - 10 * y - 30 * k, -30 * c + 50 * m - 5 * y, -35 * c - 5 * m + 60 * y)
        clut += struct.pack(">3H", round(lab[0] / 100 * 0xFF00), round((lab[1] + 128) * 256), round((lab[2] + 128) * 256))
    matrix = b"".join(s15(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    line = struct.pack(">2H", 0, 65535)
    return b"mft2\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + struct.pack(">2H", 2, 2) + line * 4 + clut + line * 3


INKS = profile(b"CMYK", b"Lab ", b"prtr", [
    (b"desc", description(b"inks")), (b"cprt", b"text\0\0\0\0CC0\0"), WHITE, (b"A2B0", ink_table()), (b"A2B1", ink_table())])


def srgb_of(image, icc):
    """littlecms, relative colorimetric, no black point compensation."""
    from_profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    made = ImageCms.profileToProfile(image, from_profile, ImageCms.createProfile("sRGB"), intent, outputMode="RGB")
    return np.asarray(made)


# --- pictures ---

def base(channels, bits, width=WIDTH, height=HEIGHT):
    random = np.random.default_rng(channels * 100 + bits)
    kind = np.uint8 if bits == 8 else np.uint16
    return random.integers(0, 1 << bits, (height, width, channels), dtype=kind)


def smooth(channels, width, height, seed):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for _ in range(channels):
        a, b, c, d = random.uniform(0.05, 0.35, 4)
        planes.append(127 + 70 * np.sin(a * x + b * y) + 40 * np.cos(c * x - d * y) + random.normal(0, 6, (height, width)))
    return np.clip(np.stack(planes, 2), 0, 255).astype(np.uint8)


# What has to be done to the upright picture so that the tag's value brings it back.
STORED = {
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1), 6: lambda a: a.swapaxes(0, 1)[::-1], 7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[:, ::-1],
}


def exif(orientation):
    made = Image.Exif()
    made[274] = orientation
    made[271] = "danqing"
    return made.tobytes()


for value in STORED:  # Pillow agrees with the table
    upright = base(1, 8)[:, :, 0]
    image = Image.fromarray(np.ascontiguousarray(STORED[value](upright)))
    image.getexif()[274] = value
    assert (np.asarray(ImageOps.exif_transpose(image)) == upright).all(), value


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(pixels, orientation=1, icc=None):
    data = imagecodecs.png_encode(np.ascontiguousarray(pixels))
    extra = chunk(b"eXIf", exif(orientation)[6:]) if orientation else b""
    if icc:
        extra += chunk(b"iCCP", b"p\0\0" + zlib.compress(icc))
    return data[:33] + extra + data[33:]


def mode(array):
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def pillow(array, kind, **options):
    out = io.BytesIO()
    mode(np.ascontiguousarray(array)).save(out, kind, **options)
    return out.getvalue()


def tiff(pixels, orientation=1, icc=None, **options):
    out = io.BytesIO()
    channels = pixels.shape[2]
    data = np.ascontiguousarray(pixels[:, :, 0] if channels == 1 else pixels)
    extra = ["unassalpha"] if channels in (2, 4) and options.get("photometric") != "separated" else None
    tags = [(274, "H", 1, orientation, True), (271, "s", 8, "danqing", True)]
    options.setdefault("photometric", "rgb" if channels >= 3 else "minisblack")
    if options.get("planarconfig") != "separate" and channels > 1:
        options["planarconfig"] = "contig"
    tifffile.imwrite(out, data, extrasamples=extra, iccprofile=icc, extratags=tags, metadata=None, software=False,
                     **options)
    return out.getvalue()


def reread(data, kind):
    """Upright pixels as Pillow sees them."""
    made = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    return made if made.ndim == 3 else made[:, :, None]


# --- the matrix ---

for orientation, turn in STORED.items():
    for icc_name in ("plain", "icc"):
        for bits in (8, 16):
            for channels in (1, 2, 3, 4):
                pixels = base(channels, bits)
                icc = None if icc_name == "plain" else (DARK_GRAY if channels < 3 else WIDE)
                name = f"{orientation} {icc_name} {bits} bit {channels} channels"
                data = png(turn(pixels), orientation, icc)
                assert (imagecodecs.png_decode(data).reshape(turn(pixels).shape) == turn(pixels)).all()
                add(f"png {name}", data, pixels, icc=icc)
                data = tiff(turn(pixels), orientation, icc, compression="deflate" if orientation % 2 else None)
                assert (tifffile.imread(io.BytesIO(data)).reshape(turn(pixels).shape) == turn(pixels)).all()
                add(f"tiff {name}", data, pixels, icc=icc)
                if bits == 16:
                    continue
                if channels in (1, 3):
                    smoothed = smooth(channels, WIDTH, HEIGHT, orientation)
                    options = {"quality": 90, "exif": exif(orientation), "subsampling": 0} | ({"icc_profile": icc} if icc else {})
                    data = pillow(turn(smoothed), "JPEG", **options)
                    add(f"jpeg {name}", data, reread(data, "JPEG"), tolerance=3, icc=icc)
                if channels in (3, 4):
                    options = {"exif": exif(orientation), "exact": True} | ({"icc_profile": icc} if icc else {})
                    data = pillow(turn(pixels), "WEBP", lossless=True, **options)
                    assert (reread(data, "WEBP") == pixels).all()
                    add(f"webp lossless {name}", data, pixels, icc=icc)
                    smoothed = smooth(channels, WIDTH, HEIGHT, orientation)
                    data = pillow(turn(smoothed), "WEBP", quality=80, **options)
                    add(f"webp lossy {name}", data, reread(data, "WEBP"), tolerance=2, icc=icc)

# --- colour through profiles ---

pixels = np.concatenate([base(3, 8, 9, 6), smooth(3, 9, 6, 5)])
add("colour png 3", png(pixels, 0, WIDE), pixels, icc=WIDE, srgb=srgb_of(mode(pixels), WIDE))
# Grey by the formula in float64: littlecms is up to two steps off it in the darks (8 bit in 16-bit steps).
pixels = np.concatenate([base(1, 8, 9, 6), smooth(1, 9, 6, 5)])
linear = (pixels / 255.0) ** (410 / 256)
srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
srgb = np.repeat(np.floor(srgb * 255 + 0.5).astype(np.uint8), 3, 2)
assert np.abs(srgb.astype(int) - srgb_of(mode(pixels), DARK_GRAY)).max() <= 2
add("colour png 1", png(pixels, 0, DARK_GRAY), pixels, icc=DARK_GRAY, srgb=srgb)

# --- JPEG against libjpeg-turbo ---

LARGE = smooth(3, 37, 29, 3)
for name, options in {
    "444": {"subsampling": 0}, "422": {"subsampling": 1}, "420": {"subsampling": 2},
    "progressive 444": {"subsampling": 0, "progressive": True}, "progressive 420": {"subsampling": 2, "progressive": True},
    "rgb": {"keep_rgb": True}, "restart": {"subsampling": 2, "restart_marker_blocks": 2},
}.items():
    data = pillow(LARGE, "JPEG", quality=92, **options)
    add(f"jpeg {name}", data, reread(data, "JPEG"), tolerance=3)
data = pillow(LARGE[:, :, :1], "JPEG", quality=92, progressive=True)
add("jpeg progressive gray", data, reread(data, "JPEG"), tolerance=2)

inks = smooth(4, 19, 13, 4)
for name, options in {"cmyk": {}, "ycck": {"outcolorspace": "YCCK"}}.items():
    if options:
        data = imagecodecs.jpeg8_encode(255 - inks, level=95, colorspace="CMYK", **options)
    else:
        out = io.BytesIO()
        Image.fromarray(inks, "CMYK").save(out, "JPEG", quality=95)
        data = out.getvalue()
    image = Image.open(io.BytesIO(data))
    assert image.mode == "CMYK" and image.info.get("adobe_transform") == (2 if options else 0), image.info
    add(f"jpeg {name}", data, np.asarray(image.convert("RGB")), tolerance=3, warnings=["cmyk_approximated"])
out = io.BytesIO()
Image.fromarray(inks, "CMYK").save(out, "JPEG", quality=95, icc_profile=INKS)
add("jpeg cmyk icc", out.getvalue(), srgb_of(Image.open(io.BytesIO(out.getvalue())), INKS), tolerance=4,
    warnings=["cmyk_converted"])

# --- PNG kinds ---

small = smooth(1, 13, 9, 8)[:, :, 0]
for bits in (1, 2, 4):
    levels = small >> (8 - bits)
    rows = b""
    for row in levels:
        text = "".join(format(v, f"0{bits}b") for v in row)
        text += "0" * (-len(text) % 8)
        rows += b"\0" + bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
    header = struct.pack(">IIBBBBB", 13, 9, bits, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    add(f"png gray {bits} bit", data, (levels.astype(np.uint32) * 255 // ((1 << bits) - 1)).astype(np.uint8))
palette = Image.fromarray(smooth(3, 13, 9, 9)).quantize(11)
out = io.BytesIO()
palette.save(out, "PNG")
add("png palette", out.getvalue(), np.asarray(palette.convert("RGB")))
out = io.BytesIO()
palette.save(out, "PNG", transparency=bytes(range(0, 220, 20)))
add("png palette transparency", out.getvalue(), np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGBA")))
key = base(3, 8)
out = io.BytesIO()
Image.fromarray(key).save(out, "PNG", transparency=tuple(int(v) for v in key[1, 2]))
expected = np.dstack([key, np.full((HEIGHT, WIDTH), 255, np.uint8)])
expected[(key == key[1, 2]).all(2), 3] = 0
add("png transparent colour", out.getvalue(), expected)


def interlaced(pixels):
    """Adam7, no filters."""
    rows = b""
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = pixels[y::dy, x::dx]
        if part.size:
            rows += b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in part)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], pixels.dtype.itemsize * 8,
                         {1: 0, 2: 4, 3: 2, 4: 6}[pixels.shape[2]], 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


for channels, bits in ((1, 8), (3, 8), (4, 16)):
    pixels = base(channels, bits, 13, 11)
    data = interlaced(pixels)
    assert (imagecodecs.png_decode(data).reshape(pixels.shape) == pixels).all()
    add(f"png interlaced {channels} {bits}", data, pixels)

# --- TIFF kinds ---

for compression in (None, "lzw", "deflate", "packbits"):
    for bits in (8, 16):
        pixels = base(3, bits, 21, 17)
        options = {"predictor": True} if compression in ("lzw", "deflate") else {}
        add(f"tiff {compression} {bits}", tiff(pixels, compression=compression, **options), pixels)
pixels = base(3, 8, 21, 17)
add("tiff tiles", tiff(pixels, tile=(16, 16), compression="deflate"), pixels)
add("tiff strips", tiff(pixels, rowsperstrip=4), pixels)
add("tiff big endian", tiff(base(4, 16), byteorder=">"), base(4, 16))
add("tiff bigtiff", tiff(pixels, bigtiff=True), pixels)
planar = np.moveaxis(base(3, 16, 9, 8), 2, 0)
out = io.BytesIO()
tifffile.imwrite(out, planar, photometric="rgb", planarconfig="separate", metadata=None, software=False)
add("tiff planar", out.getvalue(), np.moveaxis(planar, 0, 2))
white = base(1, 8)
add("tiff white is zero", tiff(255 - white, photometric="miniswhite"), white)
out = io.BytesIO()
bilevel = small > 127
Image.fromarray(bilevel).save(out, "TIFF")
add("tiff 1 bit", out.getvalue(), bilevel.astype(np.uint8) * 255)
for bits in (8, 16):
    four = base(4, bits)
    data = tiff(four, photometric="separated")
    largest = (1 << bits) - 1
    rgb = (largest - four[:, :, :3].astype(np.float64)) * (largest - four[:, :, 3:].astype(np.float64)) / largest
    add(f"tiff cmyk {bits}", data, np.floor(rgb + 0.5).astype(four.dtype), tolerance=1, warnings=["cmyk_approximated"])
add("tiff cmyk icc", tiff(inks, icc=INKS, photometric="separated"), srgb_of(Image.fromarray(inks, "CMYK"), INKS),
    tolerance=2, warnings=["cmyk_converted"])
data = tiff(LARGE, compression="jpeg", compressionargs={"level": 95}, photometric="rgb")
add("tiff jpeg", data, tifffile.imread(io.BytesIO(data)), tolerance=3)

# --- BMP and GIF ---

for name, image in {
    "24 bit": Image.fromarray(base(3, 8)), "8 bit": palette, "gray": Image.fromarray(small), "1 bit": Image.fromarray(bilevel),
}.items():
    out = io.BytesIO()
    image.save(out, "BMP")
    add(f"bmp {name}", out.getvalue(), np.asarray(image.convert("RGB")))
argb = base(4, 8)
out = io.BytesIO()
Image.fromarray(argb).save(out, "BMP")
add("bmp 32 bit", out.getvalue(), np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGB")))
words = (np.arange(30, dtype=np.uint16).reshape(5, 6) * 2099).astype("<u2")
rows = b"".join(row.tobytes() for row in words[::-1])
masks = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
info = struct.pack("<IiiHHIIiiII", 40, 6, 5, 1, 16, 3, len(rows), 0, 0, 0, 0)
data = b"BM" + struct.pack("<IHHI", 14 + 40 + 12 + len(rows), 0, 0, 14 + 40 + 12) + info + masks + rows
five, six = lambda v: np.floor(v / 31 * 255 + 0.5), lambda v: np.floor(v / 63 * 255 + 0.5)
rgb = np.stack([five(words >> 11), six(words >> 5 & 63), five(words & 31)], 2).astype(np.uint8)
assert np.abs(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int) - rgb).max() <= 1
add("bmp 16 bit fields", data, rgb)
out = io.BytesIO()
palette.save(out, "GIF", interlace=1)
add("gif interlaced", out.getvalue(), np.asarray(palette.convert("RGB")))
out = io.BytesIO()
palette.save(out, "GIF", transparency=3, interlace=0)
add("gif transparent", out.getvalue(), np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGBA")))
out = io.BytesIO()
palette.save(out, "GIF", save_all=True, append_images=[palette.rotate(180)], duration=100)
add("gif animation", out.getvalue(), np.asarray(palette.convert("RGB")), warnings=["first_frame"])
out = io.BytesIO()
frames = [Image.fromarray(base(3, 8)), Image.fromarray(base(3, 8)[::-1].copy())]
frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True, duration=100)
opaque = np.full((HEIGHT, WIDTH), 255, np.uint8)
add("webp animation", out.getvalue(), np.dstack([base(3, 8), opaque]), warnings=["first_frame"])

# --- recipes that another program has written again ---

RECIPE = '{"version":1,"words":"孤舟蓑笠翁 🎨 <&\\">"}'
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:d="urn:danqing:recipe:1.0"><d:Recipe>'
    + RECIPE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    + "</d:Recipe></rdf:Description></rdf:RDF></x:xmpmeta>").encode()
black = Image.new("RGB", (WIDTH, HEIGHT))
expected = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
info = PngImagePlugin.PngInfo()
info.add_itxt("danqing", RECIPE, zip=True)
for kind, options in {"PNG": {"pnginfo": info}, "JPEG": {"xmp": PACKET}, "WEBP": {"xmp": PACKET, "lossless": True},
                      "TIFF": {"tiffinfo": {700: PACKET}}}.items():
    out = io.BytesIO()
    black.save(out, kind, **options)
    add(f"recipe {kind.lower()}", out.getvalue(), expected)

(FOLDER / "media_matrix.bin").write_bytes(bytes(blob))
(FOLDER / "media_matrix.json").write_text("[\n" + ",\n".join(json.dumps(f, separators=(",", ":")) for f in files) + "\n]\n")
print(len(files), "files,", len(blob), "bytes")
