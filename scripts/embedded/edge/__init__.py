"""The one stable local address of the app: a layer-4 edge that follows the DNS answer.

| file | holds |
|--|--|
| `follow.py` | which site the name points at now: CNAME, SRV, A; the last answer stays when DNS is down |
| `connection.py` | one client and the site behind it: bytes both ways, back-pressure, deadlines |
| `stages.py` | the stages of such a connection, and how long each may be silent |
| `replies.py` | what a client reads when no site can answer |
| `server.py` | the listener: how many clients, who is cut after a move, who has been silent too long |
| `__main__.py` | `python -m scripts.embedded.edge` |
"""
