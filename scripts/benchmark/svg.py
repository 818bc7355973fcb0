"""Line plots as SVG, by hand: logarithmic axes where the values span much."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 200, 40, 50
COLOURS = ("#0b6e4f", "#c8553d", "#3d5a80", "#b8860b", "#7b2d8b", "#555555")
DASHES = ("", "6 3", "2 3")


class Axis:
    """Values to pixels, and where the ticks are."""

    def __init__(self, values, first, last, logarithmic):
        self.first, self.last = first, last
        self.logarithmic = logarithmic
        low, high = min(values), max(values)
        if logarithmic:
            self.low, self.high = math.log10(low), math.log10(high)
        else:
            self.low, self.high = 0, high * 1.05
        if self.high - self.low < 1e-9:
            self.low, self.high = self.low - 0.5, self.high + 0.5

    def at(self, value):
        place = math.log10(value) if self.logarithmic else value
        return self.first + (place - self.low) / (self.high - self.low) * (self.last - self.first)

    def ticks(self):
        if self.logarithmic:
            decades = range(math.floor(self.low), math.ceil(self.high) + 1)
            steps = (1,) if self.high - self.low > 3 else (1, 2, 5)
            values = [step * 10.0**decade for decade in decades for step in steps]
            return [value for value in values if self.low - 1e-9 <= math.log10(value) <= self.high + 1e-9]
        step = 10 ** math.floor(math.log10(self.high - self.low))
        if (self.high - self.low) / step < 4:
            step /= 2
        return [i * step for i in range(int(self.high / step) + 1)]


def tick(value):
    """500, 20 k, 2 M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def text(x, y, words, anchor="start", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def line_plot(title, x_title, y_title, lines, log_y=True, log_x=True):
    """`lines`: {name: [(x, y, y low, y high)]}; a name "a / b" shares a's colour and has b's dashes."""
    points = [point for line in lines.values() for point in line]
    across = Axis([point[0] for point in points], LEFT, WIDTH - RIGHT, log_x)
    up = Axis([value for point in points for value in point[1:]], HEIGHT - BOTTOM, TOP, log_y)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           'font-size="12" fill="#222">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           text(LEFT, 20, title, more='font-size="15"')]
    measured = sorted({point[0] for point in points})
    for value in measured if len(measured) <= 10 else across.ticks():
        x = across.at(value)
        out.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e4e4e4"/>')
        out.append(text(x, HEIGHT - BOTTOM + 18, tick(value), "middle"))
    for value in up.ticks():
        y = up.at(value)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e4e4e4"/>')
        out.append(text(LEFT - 8, y + 4, tick(value), "end"))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_title, "middle"))
    out.append(text(0, 0, y_title, "middle",
                    f'transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)"'))
    owners = list(dict.fromkeys(name.split(" / ")[0] for name in lines))
    kinds = list(dict.fromkeys(name.split(" / ")[-1] for name in lines if " / " in name))
    for row, (name, line) in enumerate(lines.items()):
        colour = COLOURS[owners.index(name.split(" / ")[0]) % len(COLOURS)]
        dash = DASHES[kinds.index(name.split(" / ")[-1]) % len(DASHES)] if " / " in name else ""
        path = "L".join(f"{across.at(x):.1f} {up.at(y):.1f}" for x, y, *_ in sorted(line))
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        for x, y, low, high in line:
            out.append(f'<path d="M{across.at(x):.1f} {up.at(low):.1f}V{up.at(high):.1f}" stroke="{colour}"/>')
            out.append(f'<circle cx="{across.at(x):.1f}" cy="{up.at(y):.1f}" r="3" fill="{colour}"/>')
        y = TOP + 10 + 20 * row
        out.append(f'<path d="M{WIDTH - RIGHT + 12} {y - 4}h22" stroke="{colour}" stroke-width="2" '
                   f'stroke-dasharray="{dash}"/>')
        out.append(text(WIDTH - RIGHT + 40, y, name))
    return "\n".join(out) + "\n</svg>\n"
