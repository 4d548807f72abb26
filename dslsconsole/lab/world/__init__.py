"""What runs on the practice estate's hosts: licence servers, load balancers, name server, and the people."""
