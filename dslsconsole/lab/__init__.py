"""The practice estate: licence servers, load balancers, DNS and a DR site behind real SSH servers."""
