"""The sizes measured: name -> width and height in pixels."""

SIZES = {"512²": (512, 512), "1024²": (1024, 1024), "4K": (3840, 2160)}
