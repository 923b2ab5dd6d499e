"""One file per group of routes; each reads the request, calls the module that knows, and shows the result."""
