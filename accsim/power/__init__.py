"""What the parts of a chip cost in energy and area: tables with their sources, and the figures of a
chip that follow from them.
"""
