"""Whose turn a task is, in one column that an index can follow. Older workers go by the others."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEFORE = ["queue", "status", "priority", "job_created_ms", "episode", "id"]
_AFTER = ["queue", "status", "turn", "job_created_ms", "episode", "id"]


def upgrade() -> None:
    # What an older worker adds meanwhile takes the turn of a stage of normal priority.
    op.add_column("task", sa.Column("turn", sa.Integer(), nullable=False, server_default="9"))
    op.execute(
        "update task set turn = (9 - priority) * 2 + case when episode is null then 0 else 1 end"
    )
    op.drop_index("ix_task_next", "task")
    op.create_index("ix_task_next", "task", _AFTER)


def downgrade() -> None:
    op.drop_index("ix_task_next", "task")
    op.create_index("ix_task_next", "task", _BEFORE)
    with op.batch_alter_table("task") as batch:
        batch.drop_column("turn")
