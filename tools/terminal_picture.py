"""Draws what a colour terminal shows: text with ANSI colours as an SVG, for tools/pictures.py.
"""

import html
import re

CHARACTER, LINE, MARGIN, FONT_SIZE = 8.43, 20, 16, 14
PAPER, INK, DIM = "#ffffff", "#1a1a1a", "#767676"


class Style:
    def __init__(self):
        self.reset()

    def reset(self):
        self.ink, self.paper, self.is_bold = INK, None, False

    def apply(self, codes):
        codes = [int(code or 0) for code in codes.split(";")]
        while codes:
            code = codes.pop(0)
            if code in (38, 48) and codes[:1] == [2]:
                color = "#%02x%02x%02x" % tuple(codes[1:4])
                codes = codes[4:]
                self.ink, self.paper = (color, self.paper) if code == 38 else (self.ink, color)
            elif code == 0:
                self.reset()
            elif code == 1:
                self.is_bold = True
            elif code == 2:
                self.ink = DIM


def pieces(line, style):
    """(column, text, ink, paper, is bold) of each run of one style."""
    column = 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            style.apply(part[2:-1])
        elif part:
            yield column, part, style.ink, style.paper, style.is_bold
            column += len(part)


def draw(lines):
    style, paper, text, columns = Style(), [], [], 0
    for row, line in enumerate(lines):
        top = MARGIN + row * LINE
        for column, run, ink, background, is_bold in pieces(line, style):
            left, width = MARGIN + column * CHARACTER, len(run) * CHARACTER
            columns = max(columns, column + len(run))
            if background:
                paper.append(f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{LINE}" fill="{background}"/>')
            weight = ' font-weight="bold"' if is_bold else ""
            if run.strip():
                text.append(f'<text x="{left:.1f}" y="{top + LINE * 0.72:.1f}" fill="{ink}"{weight} '
                            f'textLength="{width:.1f}" xml:space="preserve">{html.escape(run)}</text>')
    width, height = round(2 * MARGIN + columns * CHARACTER), 2 * MARGIN + len(lines) * LINE
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT_SIZE}">',
        f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}" stroke="#d0d0d0"/>', *paper, *text, "</svg>"])
