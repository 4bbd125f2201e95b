"""A horizontal bar chart as SVG text."""
from html import escape

COLOURS = ("#7a7a7a", "#0b6fa4", "#c9c9c9")
VERDICTS = {"met": "#2a7d2a", "missed": "#b03030"}


def grouped_bars(title, series, groups):
    """groups: (label, a value or None for each of the series, verdict). Lengths are relative to the group's first value, which is what is
    to be reached: ratios and shares stand in one chart. Longer than three times that is cut off."""
    left, width, bar, gap, top, most = 460, 480, 13, 14, 70, 3.0
    one = width / most
    height = top + len(groups) * (len(series) * bar + gap) + 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 190}" height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>', f'<text x="16" y="26" font-size="16">{escape(title)}</text>']
    for i, name in enumerate(series):
        out.append(f'<rect x="{left + 130 * i}" y="40" width="12" height="12" fill="{COLOURS[i]}"/>')
        out.append(f'<text x="{left + 130 * i + 18}" y="50">{escape(name)}</text>')
    for g, (label, values, verdict) in enumerate(groups):
        y = top + g * (len(series) * bar + gap)
        middle = y + len(series) * bar / 2 + 4
        out.append(f'<text x="{left - 10}" y="{middle}" text-anchor="end">{escape(label)}</text>')
        colour = VERDICTS.get(verdict, "#444")
        out.append(f'<text x="{left + width + 80}" y="{middle}" fill="{colour}">{escape(verdict)}</text>')
        for i, value in enumerate(values):
            if value is None:
                continue
            length = max(1.0, one * min(most, value / values[0]))
            cut = "…" if value > most * values[0] else ""
            out.append(f'<rect x="{left}" y="{y + i * bar}" width="{length:.1f}" height="{bar - 2}" fill="{COLOURS[i]}"/>')
            out.append(f'<text x="{left + length + 5:.1f}" y="{y + i * bar + 10}" font-size="11">{cut}{value:.2f}</text>')
    out.append(f'<line x1="{left}" y1="{top - 4}" x2="{left}" y2="{height - 10}" stroke="#444"/></svg>')
    return "\n".join(out) + "\n"
