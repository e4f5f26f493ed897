"""The services of the hub, in the order in which a report meets them."""
