"""Optional: prove in zero knowledge that a small head scored an image as claimed. Needs the extra `zk` (EZKL, onnx).

An example of what a proof can replace a committee for, not a part of rounds or of the court: see docs/zk.md.
"""
