"""How the shipped answer selector was trained. Nothing here is needed to run the casebook."""
