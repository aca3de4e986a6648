"""Room for the names of tasks, and of machines, which may have 64 letters before what we add."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("task") as batch:
        for column in ("key", "owner"):
            batch.alter_column(column, type_=sa.String(100), existing_type=sa.String(64))
    with op.batch_alter_table("worker") as batch:
        batch.alter_column("name", type_=sa.String(100), existing_type=sa.String(64))


def downgrade() -> None:
    """Nothing: an older version is not hurt by room that it does not use."""
