"""Small pictures for the clients."""

from PIL import Image, ImageDraw


def photo(width=96, height=64):
    """Gradients and stripes with a red square in the middle."""
    made = Image.new("RGB", (width, height))
    made.putdata([(x * 255 // width, y * 255 // height, 64 + 96 * ((x // 4 + y // 4) % 2)) for y in range(height) for x in range(width)])
    ImageDraw.Draw(made).rectangle(square(width, height), fill=(255, 0, 0))
    return made


def square(width=96, height=64):
    return (width * 3 // 8, height * 3 // 8, width * 5 // 8, height * 5 // 8)


def mask(width=96, height=64):
    """White where the square is."""
    made = Image.new("L", (width, height))
    ImageDraw.Draw(made).rectangle(square(width, height), fill=255)
    return made


def alpha_mask(width=96, height=64):
    """Transparent where the square is."""
    made = Image.new("RGBA", (width, height), (0, 0, 0, 255))
    ImageDraw.Draw(made).rectangle(square(width, height), fill=(0, 0, 0, 0))
    return made


def is_red(picture):
    r, g, b = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    return r > 200 and g < 60 and b < 60
