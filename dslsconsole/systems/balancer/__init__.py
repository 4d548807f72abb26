"""A load balancer read whole: its HAProxy over the socket or the page, its addresses by the probe."""
