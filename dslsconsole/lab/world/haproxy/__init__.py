"""HAProxy as it shows itself: server states and checks, the runtime socket, the statistics page."""
