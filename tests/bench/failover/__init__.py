"""How long nobody can write when a whole node dies, or hands over in plan: Lifeboat and the tools people trust today."""
