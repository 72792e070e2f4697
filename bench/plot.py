"""Two plots as SVG, without anything but text: lines over an axis of shares, and over one of tokens."""

from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 50
COLOURS = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad"]


def lines(title, across, up, series, ticks):
    """A plot of `series`, name to points; `ticks` are the places across that are marked, with their words."""
    far = max(x for points in series.values() for x, _ in points)
    high = max(y for points in series.values() for _, y in points) * 1.1 or 1

    def place(x, y):
        return (
            LEFT + (WIDTH - LEFT - RIGHT) * x / far,
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / high,
        )

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(LEFT, 20, title, "start", 'font-size="14" font-weight="bold"'),
        text(WIDTH / 2, HEIGHT - 10, across, "middle"),
        text(LEFT, TOP - 6, up, "start", 'fill="#555"'),
    ]
    step = nice(high / 5)
    y = 0
    while y <= high:
        (x0, at), (x1, _) = place(0, y), place(far, y)
        out.append(f'<line x1="{x0:.1f}" y1="{at:.1f}" x2="{x1:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        out.append(text(LEFT - 6, at + 4, f"{y:g}", "end"))
        y += step
    for x, word in ticks:
        at, _ = place(x, 0)
        out.append(text(at, HEIGHT - BOTTOM + 16, word, "middle"))
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (place(*p) for p in points)]
        out.append(text(WIDTH - RIGHT, 20 + 16 * number, name, "end", f'fill="{colour}"'))
    return "\n".join([*out, "</svg>", ""])


def text(x, y, words, anchor, more=""):
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def nice(step):
    """The next of 1, 2 or 5 times a power of ten."""
    power = 10 ** len(str(int(step))) / 10 if step >= 1 else 0.1
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step)
