"""The small drawings of the pages: strokes on a grid of 24, in the colour of the text beside them."""

from markupsafe import Markup

STROKES = {
    "home": "M4 11l8-7 8 7M6 9.5V20h12V9.5M10 20v-6h4v6",
    "globe": "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM3 12h18M12 3c5 5.5 5 12.5 0 18M12 3c-5 5.5-5 12.5 0 18",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4",
    "mail": "M3 6h18v12H3zM3 7l9 7 9-7",
    "search": "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zM15.5 15.5L21 21",
    "list": "M9 6h12M9 12h12M9 18h12M4 6h.01M4 12h.01M4 18h.01",
    "bookmark": "M6 3h12v18l-6-5-6 5z",
    "star": "M12 3l2.7 5.8 6.3.8-4.6 4.3 1.2 6.3L12 17.1l-5.6 3.1 1.2-6.3L3 9.6l6.3-.8z",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "reply": "M10 5l-6 6 6 6M4 11h9c4.5 0 7 2.5 7 8",
    "boost": "M5 15V9.5C5 8 6 7 7.5 7H17M14 4l3 3-3 3M19 9v5.5c0 1.5-1 2.5-2.5 2.5H7M10 20l-3-3 3-3",
    "picture": "M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15 9h.01",
    "poll": "M5 20V11M12 20V4M19 20v-6",
    "warning": "M12 4l9 16H3zM12 10v4M12 17h.01",
    "clock": "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM12 7v5l3 3",
    "lock": "M6 11h12v10H6zM9 11V7a3 3 0 0 1 6 0v4",
    "person": "M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM4 21c.5-5 3.5-7 8-7s7.5 2 8 7",
    "more": "M5 12h.01M12 12h.01M19 12h.01",
    "pen": "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
}


def icon(name: str) -> Markup:
    """Give a drawing; it says nothing to a screen reader, the words beside it do."""
    strokes = Markup('<path d="{}"/>').format(STROKES[name])
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(strokes)
