"""The control room: one page that shows what is true, what is about to happen, and what it costs.

| module | what it does |
|--|--|
| `sight` | what one source last gave, how old that is, and since when it has been giving nothing |
| `sources` | what is asked: three control stores, three ledgers, the register, the DNS vendors, the app's address |
| `watching` | asks each source at its own pace and by its own deadline; none waits for another |
| `history` | lag in seconds, log growth, and when the lease was seen to be renewed |
| `standing` | pure: from sights to one picture of the platform |
| `sentence` | pure: that picture in one sentence |
| `timeline` | the last runbook's steps on a time axis |
| `acts` | the same plans, refusals and requests as the command line |
| `posting` | people who post in the background, and what was promised to them |
| `forms` | what a person sends: plans, acts, drills, harm |
| `server` | the page and its events |
"""
