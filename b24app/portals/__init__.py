"""Who installed us, whose token we use, who may see what. Never talks about CRM records."""
