"""The science of Tumorcast. Never imports streamlit, dashboard or pages."""
