"""The `hardness` command: one thin file per subcommand."""
