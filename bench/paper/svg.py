"""A horizontal bar chart as SVG text."""
from html import escape

COLOURS = ("#7a7a7a", "#0b6fa4", "#d9822b")


def grouped_bars(title, series, groups):
    """groups: (label, a value or None for each of the series)."""
    left, width, bar, gap, top = 470, 420, 13, 14, 70
    height = top + len(groups) * (len(series) * bar + gap) + 10
    largest = max(value for _, values in groups for value in values if value is not None)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 70}" height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>', f'<text x="16" y="26" font-size="16">{escape(title)}</text>']
    for i, name in enumerate(series):
        out.append(f'<rect x="{left + 110 * i}" y="40" width="12" height="12" fill="{COLOURS[i]}"/>')
        out.append(f'<text x="{left + 110 * i + 18}" y="50">{escape(name)}</text>')
    for g, (label, values) in enumerate(groups):
        y = top + g * (len(series) * bar + gap)
        out.append(f'<text x="{left - 10}" y="{y + len(series) * bar / 2 + 4}" text-anchor="end">{escape(label)}</text>')
        for i, value in enumerate(values):
            length = 0 if value is None else max(1.0, width * value / largest)
            out.append(f'<rect x="{left}" y="{y + i * bar}" width="{length:.1f}" height="{bar - 2}" fill="{COLOURS[i]}"/>')
            out.append(f'<text x="{left + length + 5:.1f}" y="{y + i * bar + 10}" font-size="11">{"-" if value is None else value}</text>')
    out.append(f'<line x1="{left}" y1="{top - 4}" x2="{left}" y2="{height - 10}" stroke="#444"/></svg>')
    return "\n".join(out) + "\n"
