"""The three local sites: PostgreSQL, object stores, DNS, edge and the supervisor that starts and ends them."""
