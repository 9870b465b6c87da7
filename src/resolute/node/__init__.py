"""The DNS process: builds plane, resolver and followers from the settings; starts, reloads, stops; control socket."""
