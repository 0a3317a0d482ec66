"""The pictures of the demo store: a few shapes each, drawn here, so that nobody else's picture is needed."""

from collections.abc import Callable, Iterable
from functools import cache

from PIL import Image, ImageDraw

from marketplace.pictures import Drawn, draw_sizes

# Drawn twice as large as it is kept, so that edges come out smooth. Shapes are given on a sheet of 320 x 240.
WIDTH, HEIGHT, SCALE = 320, 240, 4
INK, PAPER, GREEN, LIGHT, YELLOW, RED, BLUE = (
    "#17211f",
    "#fbfaf6",
    "#0b6a58",
    "#bfe3d8",
    "#f2c14e",
    "#d1495b",
    "#30638e",
)


class Sheet:
    def __init__(self, ground: str) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), ground)
        self._draw = ImageDraw.Draw(self.image)

    def box(self, x: int, y: int, width: int, height: int, colour: str, round: int = 0) -> None:
        corners = [(x * SCALE, y * SCALE), ((x + width) * SCALE, (y + height) * SCALE)]
        self._draw.rounded_rectangle(corners, round * SCALE, fill=colour)

    def disc(self, x: int, y: int, radius: int, colour: str) -> None:
        self._draw.circle((x * SCALE, y * SCALE), radius * SCALE, fill=colour)

    def ring(self, x: int, y: int, radius: int, colour: str, width: int) -> None:
        self._draw.circle((x * SCALE, y * SCALE), radius * SCALE, outline=colour, width=width * SCALE)

    def line(self, points: Iterable[tuple[int, int]], colour: str, width: int) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, fill=colour, width=width * SCALE, joint="curve")
        for x, y in scaled:
            self._draw.circle((x, y), width * SCALE / 2, fill=colour)

    def shape(self, points: Iterable[tuple[int, int]], colour: str) -> None:
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=colour)


def poster(sheet: Sheet) -> None:
    sheet.box(104, 22, 112, 196, "#9fc7bb")
    sheet.box(98, 16, 112, 196, PAPER)
    sheet.box(108, 26, 92, 120, GREEN)
    sheet.ring(154, 84, 34, PAPER, 8)
    sheet.line([(139, 84), (150, 96), (178, 62)], PAPER, 8)
    for y, width in ((160, 92), (174, 70), (188, 80)):
        sheet.box(108, y, width, 6, LIGHT, 3)


def robot(sheet: Sheet) -> None:
    sheet.line([(160, 44), (160, 24)], INK, 5)
    sheet.disc(160, 22, 7, RED)
    sheet.box(112, 44, 96, 70, BLUE, 14)
    for x in (138, 182):
        sheet.disc(x, 76, 13, PAPER)
        sheet.disc(x, 76, 6, INK)
    sheet.box(140, 98, 40, 6, PAPER, 3)
    sheet.box(120, 120, 80, 66, BLUE, 10)
    sheet.box(138, 136, 44, 26, YELLOW, 6)
    for x, end in ((108, 92), (212, 228)):
        sheet.line([(x, 132), (end, 168)], INK, 9)
    for x in (136, 172):
        sheet.box(x, 188, 14, 28, INK, 4)


def cup(sheet: Sheet) -> None:
    sheet.ring(216, 132, 30, PAPER, 11)
    sheet.shape([(92, 92), (212, 92), (196, 186), (108, 186)], PAPER)
    sheet.box(92, 84, 120, 16, "#8a4b2a", 8)
    sheet.box(70, 192, 164, 12, PAPER, 6)
    for x in (126, 152, 178):
        sheet.line([(x, 70), (x + 7, 58), (x - 3, 46), (x + 5, 34)], "#e8b7a6", 5)


def book(sheet: Sheet) -> None:
    sheet.box(106, 34, 116, 176, "#1d3f5c", 6)
    sheet.box(112, 40, 110, 164, PAPER, 3)
    sheet.box(98, 30, 116, 172, RED, 6)
    sheet.box(98, 30, 14, 172, "#a93446", 6)
    for y, width in ((62, 70), (78, 52)):
        sheet.box(128, y, width, 8, PAPER, 4)
    sheet.line([(142, 136), (156, 150), (184, 118)], YELLOW, 9)


def key(sheet: Sheet) -> None:
    sheet.ring(110, 120, 40, YELLOW, 18)
    sheet.box(146, 112, 120, 16, YELLOW, 4)
    for x in (214, 244):
        sheet.box(x, 124, 14, 26, YELLOW, 3)


def hour(sheet: Sheet) -> None:
    sheet.disc(160, 120, 86, PAPER)
    sheet.ring(160, 120, 86, INK, 9)
    for x, y in ((160, 48), (232, 120), (160, 192), (88, 120)):
        sheet.disc(x, y, 5, INK)
    sheet.line([(160, 120), (160, 66)], INK, 8)
    sheet.line([(160, 120), (196, 140)], GREEN, 8)
    sheet.disc(160, 120, 8, GREEN)


def heart(sheet: Sheet) -> None:
    for x in (126, 194):
        sheet.disc(x, 98, 40, RED)
    sheet.shape([(92, 120), (228, 120), (160, 204)], RED)
    sheet.shape([(104, 98), (216, 98), (160, 160)], RED)
    sheet.disc(114, 86, 10, "#e8919c")


GROUNDS: dict[Callable[[Sheet], None], str] = {
    poster: LIGHT,
    robot: "#e9eef2",
    cup: "#f4d9cf",
    book: "#dfe8ee",
    key: GREEN,
    hour: "#f7ecc9",
    heart: "#fbe4e4",
}


@cache
def drawn(drawing: Callable[[Sheet], None]) -> list[Drawn]:
    """In every size; once per process, because a reset shall not draw anew."""
    sheet = Sheet(GROUNDS[drawing])
    drawing(sheet)
    return draw_sizes(sheet.image.resize((WIDTH * SCALE // 2, HEIGHT * SCALE // 2), Image.Resampling.BOX))
