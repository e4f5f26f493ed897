"""The caseworkers' and operators' pages, on a read model of all topics; commands go to the service that owns them."""
