"""Pure functions over shapes, and the policy that lowers them to what a target holds."""
