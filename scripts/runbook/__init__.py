"""The library under the commands: register, lease, fence, database, media, traffic, steps, runner, journal, agent."""
