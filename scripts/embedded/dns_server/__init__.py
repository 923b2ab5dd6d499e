"""The neutral name server of the local mode: one zone, changed by signed updates (RFC 2136, RFC 8945).

| file | holds |
|--|--|
| `zone.py` | the first zone, and the zone file, written durably |
| `update.py` | RFC 2136: prerequisites, then all changes or none |
| `answer.py` | queries and zone transfers |
| `respond.py` | one packet in, its answer out; who may ask what |
| `__main__.py` | `python -m scripts.embedded.dns_server`: UDP and TCP on loopback |
"""

from scripts.embedded.dns_server.zone import initial_zone

__all__ = ["initial_zone"]
