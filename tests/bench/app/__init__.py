"""What the app itself costs: beside a bare program that does the same, as posts grow in number, and in memory."""
