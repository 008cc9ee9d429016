"""What runs beside the contracts: services that speak over HTTP and each keep a store of their own."""
